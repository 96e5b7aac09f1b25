"""What comes of credentials that were found: entries, by their source (spec: seeding)."""

from dataclasses import replace

import pytest

from credpool.config.files import Complaint
from credpool.entries.edit import removed
from credpool.model.borrowed import FINGERPRINT, fingerprint
from credpool.model.credential import is_placeholder
from credpool.model.entry import Cooldown, Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass
from credpool.seed.found import Found, seeded

KEY = b"the key of the fingerprints"
SECRET = Secret("sk-made-up-one")
OUT = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=FOREVER)


def found(source: str = "env:OPENAI_API_KEY", secret: Secret = SECRET) -> Found:
    """Return a credential that was found."""
    return Found(source=source, secret=secret)


def pool(*entries: Entry, suppressed: tuple[str, ...] = ()) -> PoolState:
    """Return a pool of these entries."""
    return PoolState(
        key="openai", provider="openai", entries=entries, suppressed=frozenset(suppressed)
    )


def entry(name: str, **values: object) -> Entry:
    """Return an entry with these values."""
    return replace(Entry(id=EntryId(name)), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        *("sk-...", "sk-…", "***", "sk-ab***yz", "xxxx", "<key>", "${KEY}", "{{ key }}", "[key]"),
        *("your-api-key", "MY_KEY", "insert your key", "changeme", "change-me", "api-key", "TODO"),
        *("replace-this", "the key here", "secret", "placeholder", "  token  "),
    ],
)
def test_a_placeholder_is_no_secret(value: str) -> None:
    """What stands where a secret is to be put is told from one."""
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    ["sk-proj-4f9a8b7c6d", "ollama", "local", "gsk_xx1Yy", "AIzaSyA-key", "keyring", "mystery-7"],
)
def test_a_secret_is_no_placeholder(value: str) -> None:
    """What could be a key is one, short ones and words included."""
    assert not is_placeholder(value)


def test_an_empty_pool_takes_what_is_found() -> None:
    """What is found becomes entries, in that order, with labels after their sources."""
    state = seeded(pool(), [found(), found("claude_code", Secret("token"))])

    assert [(e.label, e.priority, e.borrowed) for e in state.entries] == [
        ("OPENAI_API_KEY", 0, True),
        ("claude_code", 1, True),
    ]


def test_every_process_gives_the_same_id() -> None:
    """The id of what is found follows from its source, so two processes agree on it."""
    one, two = (seeded(pool(), [found()]).entries[0].id for _ in range(2))

    assert one == two


def test_a_taken_id_is_not_given_again() -> None:
    """When an entry has that id already, another is made."""
    taken = seeded(pool(), [found()]).entries[0].id

    state = seeded(pool(entry(taken, secret=Secret("other"))), [found()])

    assert len({e.id for e in state.entries}) == 2


def test_nothing_new_changes_nothing() -> None:
    """A pool that has all that was found is the same object."""
    state = seeded(pool(), [found()])

    assert seeded(state, [found()]) is state
    assert seeded(state, []) is state


@pytest.mark.parametrize(
    ("told", "key", "cleared"),
    [
        (fingerprint(SECRET, KEY), KEY, False),
        (fingerprint(Secret("another"), KEY), KEY, True),
        (fingerprint(Secret("another"), KEY), None, False),
        ("sha256:4d9b1a0b8a1e6c4f", KEY, True),
        (None, KEY, False),
    ],
    ids=["same", "another", "no-key", "another-program's", "nobody-knows"],
)
def test_a_fingerprint_tells_whether_history_holds(
    told: str | None, key: bytes | None, *, cleared: bool
) -> None:
    """Another secret has no history; when nothing tells, the history stays."""
    extra = {"scope": "x"} if told is None else {"scope": "x", FINGERPRINT: told}
    old = entry("a", source="env:OPENAI_API_KEY", cooldown=OUT, marked=True, extra=extra)

    fresh = seeded(pool(old), [found()], fingerprint_key=key).entries[0]

    assert (fresh.cooldown is None) is cleared
    assert fresh.marked is not cleared
    assert (fresh.secret, fresh.extra["scope"]) == (SECRET, "x")


def test_a_known_secret_tells_more_than_a_fingerprint() -> None:
    """An entry that holds its secret is compared by it."""
    old = entry("a", source="env:OPENAI_API_KEY", secret=Secret("old"), cooldown=OUT)

    assert seeded(pool(old), [found()]).entries[0].cooldown is None


def test_an_owner_that_was_learnt_goes_with_the_secret() -> None:
    """Another key may be another account's; what a person has set is the entry's."""
    old = entry(
        "a", source="env:OPENAI_API_KEY", secret=Secret("old"), owner="me", learnt_owner="it"
    )

    fresh = seeded(pool(old), [found()]).entries[0]

    assert (fresh.owner, fresh.learnt_owner) == ("me", None)


def test_a_reference_to_the_same_place_is_enough() -> None:
    """A variable that a row refers to does not become another entry."""
    row = entry("a", reference="env:OPENAI_API_KEY", borrowed=True)

    assert seeded(pool(row), [found()]).entries == (row,)


def test_what_was_removed_stays_away() -> None:
    """The source of a removed entry is suppressed, unless the entry was added by hand."""
    state = seeded(pool(entry("hand")), [found()])
    hand, seed = state.entries

    without = removed(removed(state, seed.id), hand.id)

    assert (without.entries, without.suppressed) == ((), {"env:OPENAI_API_KEY"})
    assert seeded(without, [found()]) is without


def test_an_entry_keeps_its_own_where_the_source_is_silent() -> None:
    """An owner set by hand and an endpoint stay; the expiry is the source's."""
    old = entry("a", source="codex", owner="mine", base_url="https://one.example", expires_at=5.0)
    item = Found(source="codex", secret=SECRET, auth_type=AuthType.OAUTH, owner="theirs")

    fresh = seeded(pool(old), [item]).entries[0]

    assert (fresh.owner, fresh.base_url, fresh.expires_at) == ("mine", "https://one.example", None)


def test_a_complaint_is_a_sentence() -> None:
    """A complaint says where, what and what next."""
    complaint = Complaint(where="env:A", what="is empty", fix="set it")

    assert str(complaint) == "env:A: is empty; set it"
