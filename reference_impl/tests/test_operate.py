"""What an operator does to a pool (spec: operator)."""

from dataclasses import replace

import pytest

from credpool import AuthType, Entry, EntryId, Operator, Pool, PoolState, Secret, Status, Strategy
from credpool.entries.edit import added, holding, replaced
from credpool.entries.order import Move, is_plain, moved
from credpool.errors import (
    AmbiguousTarget,
    BadInput,
    DuplicateSecret,
    UnknownEntry,
    UnknownStrategy,
    UnusableLabel,
    UnusableSecret,
)
from credpool.model.entry import Window
from credpool.pool import engine_of
from credpool.providers.quota import running
from credpool.rules.targets import resolve, shown
from credpool.stores import JsonFileStore, MemoryStore
from credpool.testing import FakeClock

ONE, TWO = "sk-one-0123456789", "sk-two-0123456789"


def entry(id_: str, label: str = "", priority: int = 0, secret: str | None = None) -> Entry:
    """Return an entry with a secret of its own."""
    held = Secret(secret or f"sk-{id_}-0123456789")
    return Entry(id=EntryId(id_), label=label, priority=priority, secret=held)


def pool_of(*entries: Entry) -> PoolState:
    """Return a pool of those entries."""
    return PoolState(key="openai", provider="openai", entries=entries)


# Targets


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        pytest.param("one", "one", id="an id"),
        pytest.param("2", "three", id="a label that looks like a place"),
        pytest.param("  wOrK ", "two", id="a label in any case"),
        pytest.param("3", "three", id="a place"),
        pytest.param(" 1 ", "one", id="a place with space around it"),
    ],
)
def test_a_target_is_an_id_then_a_label_then_a_place(target: str, meant: str) -> None:
    """The most lasting name wins."""
    state = pool_of(entry("one", "first"), entry("two", "Work"), entry("three", "2"))

    found = resolve(state, target)

    assert found.id == meant


@pytest.mark.parametrize("target", ["four", "0", "4", "-1", "", "  ", "9" * 5000])
def test_a_target_that_nobody_answers_to_is_refused(target: str) -> None:
    """The error names who is there, and an entry without a label is not meant by nothing."""
    state = pool_of(entry("one", "first"), entry("two"), entry("three", "third"))

    with pytest.raises(UnknownEntry, match=r"there are one \(first\), two, three \(third\)"):
        resolve(state, target)


def test_a_label_that_two_have_is_refused() -> None:
    """The error names the two by their ids, and not the third."""
    state = pool_of(entry("one", "work"), entry("two", "WORK"), entry("three", "home"))

    with pytest.raises(AmbiguousTarget, match=r"one \(work\), two \(WORK\)") as caught:
        resolve(state, "work")

    assert "three" not in str(caught.value)


def test_a_key_that_was_pasted_as_a_target_is_not_repeated() -> None:
    """Somebody may paste what is on the clipboard."""
    state = pool_of(entry("one", secret="plain-words"), Entry(id=EntryId("empty")))

    with pytest.raises(UnknownEntry) as caught:
        resolve(state, "plain-words")

    assert "plain-words" not in str(caught.value)


# Adding


def test_a_secret_is_taken_without_the_space_around_it() -> None:
    """A pasted key often ends with the line."""
    held = holding(Entry(id=EntryId("new")), f"  {ONE}\n")

    assert held.secret == Secret(ONE)


@pytest.mark.parametrize(
    "name", ["env:MY_KEY", "file:/run/secrets/key", "keyring:openai/me", "cmd:op read x"]
)
def test_the_name_of_a_place_is_no_secret(name: str) -> None:
    """It is kept as it is, and what is removed there is wanted again."""
    state = replace(pool_of(entry("one")), suppressed=frozenset({name, "env:OTHER"}))
    new = holding(Entry(id=EntryId("new")), f" {name}\n")

    after = added(state, new)

    assert (new.reference, new.secret, new.borrowed) == (name, None, True)
    assert after.suppressed == {"env:OTHER"}


def test_a_place_that_an_entry_names_already_is_refused() -> None:
    """Be it that its row has the name, or that it was found there."""
    new = holding(Entry(id=EntryId("new")), "env:MY_KEY")
    there = replace(new, id=EntryId("there")), replace(entry("found"), source="env:MY_KEY")

    for other in there:
        with pytest.raises(DuplicateSecret, match=other.id):
            added(pool_of(entry("one"), Entry(id=EntryId("empty")), other), new)


def test_a_holder_that_is_disabled_is_named_with_the_way_back() -> None:
    """Whoever adds a key that is paused learns that it is there, and how to enable it."""
    there = replace(entry("one"), disabled=True)
    twin = replace(entry("two"), secret=there.secret)
    new = holding(Entry(id=EntryId("new")), (there.secret or Secret("")).reveal())

    with pytest.raises(DuplicateSecret, match=r"is disabled; enable it: credpool enable .* one"):
        added(pool_of(there), new)
    with pytest.raises(DuplicateSecret, match="is disabled"):
        added(pool_of(twin, there), new)
    with pytest.raises(DuplicateSecret, match="reset that one"):
        added(pool_of(replace(there, disabled=False)), new)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(" \n", "is empty", id="blank"),
        pytest.param("sk-...", "is a placeholder", id="cut short"),
        pytest.param("your-api-key", "is a placeholder", id="a template's"),
        pytest.param("Bearer sk-0123456789", "has “Bearer” before it", id="a header's value"),
        pytest.param("sk-0123 456789", "no header can carry", id="two words"),
        pytest.param("sk-\ud800", "no header can carry", id="half a character"),
    ],
)
def test_what_is_no_secret_is_refused(value: str, why: str) -> None:
    """The error says why, and does not repeat the value."""
    with pytest.raises(UnusableSecret, match=why) as caught:
        holding(Entry(id=EntryId("new")), value)

    assert value.strip() == "" or value not in str(caught.value)


def test_a_new_entry_comes_last_under_a_label_of_its_own() -> None:
    """No other entry is moved, and no other has the label."""
    state = pool_of(entry("one", "api-key-1", 3), entry("two", "api-key-2", 8))

    after = added(state, replace(entry("new"), label="  "))

    assert after.entries[:2] == state.entries
    assert (after.entries[2].priority, after.entries[2].label) == (9, "api-key-3")


def test_a_secret_that_is_there_is_refused() -> None:
    """The error names the entry that has it."""
    state = pool_of(entry("one", "first", secret=ONE))

    with pytest.raises(DuplicateSecret, match=r"one \(first\)") as caught:
        added(state, entry("two", secret=ONE))

    assert ONE not in str(caught.value)


# The operator, with a pool


def test_what_is_added_is_durable_and_used(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another program that has the pool open sees it too."""
    path = tmp_path_factory.mktemp("store") / "auth.json"
    ours, theirs = (Pool(JsonFileStore(path, "openai")) for _ in range(2))

    new = Operator(ours).add(Secret(ONE), label="work", owner="org-1", auth_type=AuthType.OAUTH)

    assert (new.label, new.owner, new.priority) == ("work", "org-1", 0)
    assert theirs.state.entries == (new,)


def test_an_entry_is_found_when_it_is_changed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A place means the entry that has it when the store is locked, whoever was there before."""
    path = tmp_path_factory.mktemp("store") / "auth.json"
    ours, theirs = (Operator(Pool(JsonFileStore(path, "openai"))) for _ in range(2))
    first, second = ours.add(Secret(ONE)), ours.add(Secret(TWO))
    theirs.remove("1")

    gone = ours.remove("1")

    assert (first.id, gone.id) == (first.id, second.id)


def test_the_verbs_change_what_they_are_for() -> None:
    """Rename, priority and removal each leave the rest as it is."""
    store = MemoryStore(pool_of(entry("one", "a", 1), entry("two", "b", 2), entry("three", "c", 3)))
    operator = Operator(Pool(store))

    operator.rename("b", " new ")
    operator.prioritise("new", 9)
    operator.remove("one")

    assert [(e.id, e.label, e.priority) for e in Pool(store).state.entries] == [
        ("three", "c", 3),
        ("two", "new", 9),
    ]


@pytest.mark.parametrize(
    ("to", "order"),
    [
        pytest.param("first", ["c", "a", "b", "d"], id="first"),
        pytest.param("last", ["a", "b", "d", "c"], id="last"),
        pytest.param("up", ["a", "c", "b", "d"], id="one up"),
        pytest.param(Move.DOWN, ["a", "b", "d", "c"], id="one down"),
    ],
)
def test_a_move_does_what_it_says_among_equal_priorities(to: Move | str, order: list[str]) -> None:
    """The listing, the file and the order of use agree, in one durable change."""
    store = MemoryStore(pool_of(*(entry(name, f"key {name}") for name in "abcd")))
    operator = Operator(Pool(store))

    was = operator.move("key c", to)

    assert was.id == "c"
    assert [e.id for e in Pool(store).state.entries] == order
    assert [e.priority for e in Pool(store).state.entries] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("target", "before", "order"),
    [
        pytest.param("4", "2", ["a", "d", "b", "c"], id="by places"),
        pytest.param("a", "d", ["b", "c", "a", "d"], id="further down"),
        pytest.param("b", "b", ["a", "b", "c", "d"], id="before itself"),
        pytest.param("b", "c", ["a", "b", "c", "d"], id="where it is"),
    ],
)
def test_a_move_before_another(target: str, before: str, order: list[str]) -> None:
    """Both are named as any target is."""
    store = MemoryStore(pool_of(*(entry(name) for name in "abcd")))

    Operator(Pool(store)).move(target, before=before)

    assert [e.id for e in Pool(store).state.entries] == order


def test_a_move_beyond_the_end_changes_nothing() -> None:
    """Gaps between the priorities stay, for nothing was to be renumbered."""
    state = pool_of(entry("a", priority=3), entry("b", priority=7))

    assert moved(state, "a", Move.UP) is state
    assert moved(state, "b", Move.LAST) is state


@pytest.mark.parametrize("place", [{}, {"to": "first", "before": "b"}, {"to": "top"}], ids=str)
def test_a_move_needs_one_place_that_there_is(place: dict[str, str]) -> None:
    """What is refused says what may be named, and changes nothing."""
    store = MemoryStore(pool_of(entry("a"), entry("b")))

    with pytest.raises(BadInput, match="first, last, up, down"):
        Operator(Pool(store)).move("a", **place)

    assert [e.priority for e in store.load().entries] == [0, 0]


@pytest.mark.parametrize(
    ("priorities", "plain"),
    [((0, 1, 2), True), ((1, 2), True), ((), True), ((0, 0), False), ((0, 5), False)],
)
def test_priorities_that_say_more_than_places(priorities: tuple[int, ...], *, plain: bool) -> None:
    """Ties and gaps are worth showing."""
    state = pool_of(*(entry(str(n), priority=p) for n, p in enumerate(priorities)))

    assert is_plain(state) is plain


def test_a_reset_of_one_is_by_any_name() -> None:
    """A target is resolved as for the other verbs."""
    pool = Pool.from_keys("openai", [ONE, TWO])
    operator = Operator(pool)

    operator.reset("KEY-2")
    operator.reset()
    with pytest.raises(UnknownEntry):
        operator.reset("key-3")

    assert all(e.status(0.0) is Status.OK for e in pool.state.entries)


def test_a_strategy_holds_while_the_pool_is_open() -> None:
    """It survives a change of the store, whose own strategy is another."""
    pool = Pool.from_keys("openai", [ONE, TWO])
    operator = Operator(pool)

    operator.choose_by("round_robin")
    operator.rename("key-1", "other")

    assert pool.state.strategy is Strategy.ROUND_ROBIN
    with pytest.raises(UnknownStrategy, match="round_robin"):
        operator.choose_by("round-robin")


def test_a_listing_tells_all_but_the_secret() -> None:
    """Everything that is known is in it, by its place in the order."""
    pool = Pool.from_keys("openai", [ONE], clock=FakeClock(1000.0))

    told = Operator(pool).list()

    assert ONE not in str(told)
    assert told == {
        "version": 1,
        "at": 1000.0,
        "pools": [
            {
                "key": "openai",
                "provider": "openai",
                "strategy": "fill_first",
                "returns_at": None,
                "next": "key-1",
                "available": 1,
                "out": 0,
                "dead": 0,
                "disabled": 0,
                "next_return": None,
                "entries": [
                    {
                        "id": "key-1",
                        "label": "key-1",
                        "status": "ok",
                        "disabled": False,
                        "class": None,
                        "until": None,
                        "models": {},
                        "request_count": 0,
                        "place": 1,
                        "auth_type": "api_key",
                        "source": "manual",
                        "owner": None,
                        "login_ends_at": None,
                        "priority": 1,
                        "serves": [],
                        "fingerprint": None,
                        "has_secret": True,
                        "payer": "metered",
                        "endpoint_code": None,
                        "windows": {},
                    }
                ],
            }
        ],
    }


def test_an_entry_is_named_with_its_label() -> None:
    """An id alone says little to a person."""
    assert (shown(entry("one", "work")), shown(entry("two"))) == ("one (work)", "two")


def test_an_escape_in_a_label_is_made_visible() -> None:
    """A label comes from a file: it names an entry, and does nothing to a terminal."""
    assert shown(entry("one", "\x1b[2Jwork\n")) == "one (\\x1b[2Jwork\\n)"


def test_a_login_has_no_key_to_replace() -> None:
    """Who has a login logs in again; the error says how, and does not repeat the key."""
    login = replace(entry("one", "work"), refresh_token=Secret("refresh-0123456789"))

    with pytest.raises(BadInput, match="credpool login openai --entry one") as caught:
        replaced(pool_of(login), "work", "sk-new-0123456789")

    assert "sk-new" not in str(caught.value)


def test_a_replaced_key_leaves_no_quota_behind() -> None:
    """What is left is left of the old key's plan, in the row as in the process's memory."""
    windows = {"5h": Window(left=0.1, until=2000.0)}
    store = MemoryStore(pool_of(replace(entry("one"), windows=windows), entry("two")))
    pool = Pool(store, clock=FakeClock(1000.0))
    engine = engine_of(pool)
    headers = {"x-ratelimit-remaining-requests": "1", "x-ratelimit-limit-requests": "10"}
    headers |= {"x-ratelimit-reset-requests": "60s"}
    engine.heard(pool.state.entries[0], headers)
    known = running(pool.state, pool.state.entries[0], now=1000.0)

    Operator(pool).replace("one", Secret("sk-new-0123456789"))

    assert len(known) == 2
    assert running(pool.state, pool.state.entries[0], now=1000.0) == {}


@pytest.mark.parametrize("label", ["", " ", "7", "+1", "1.5", "two", "Second", " SECOND "])
def test_a_label_that_is_no_name_of_one_entry_is_refused(label: str) -> None:
    """Whoever gives it learns why, and a program can tell it from other mistakes."""
    pool = Pool(MemoryStore(pool_of(entry("one", "first"), entry("two", "second"))))

    with pytest.raises(UnusableLabel, match="the label is") as caught:
        Operator(pool).rename("one", label)

    assert caught.value.why in str(caught.value)
    assert pool.state.entries[0].label == "first"
