"""What can be sent of a credential, and who is told of what cannot."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from credpool import Entry, EntryId, Pool, PoolExhausted, PoolState, Secret, events, open_pool
from credpool.config.files import Complaint
from credpool.errors import BadInput, UnusableSecret
from credpool.events.changes import opened
from credpool.events.report import report_event
from credpool.model.credential import bare, label_flaw, secret_flaw, url_flaw
from credpool.pool import engine_of
from credpool.providers.registry import provider
from credpool.rules.given import looks_like
from credpool.rules.usable import why_unusable
from credpool.seed import Surroundings, view_pool
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock

GOOD = "sk-good-0123456789"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("x" * 16385, "longer than any header", id="a file"),
        pytest.param('"sk-1"', "quotes around it", id="quotes"),
        pytest.param("sk-1'", "quotes around it", id="half of the quotes"),
        pytest.param("“sk-1”", "quotes around it", id="curly quotes"),
        pytest.param("Bearer sk-1", "“Bearer” before it", id="with its scheme"),
        pytest.param("bearer", "“Bearer” before it", id="its scheme alone"),
        pytest.param("Authorization: Bearer sk-1", "name of a header", id="a header's line"),
        pytest.param("x-api-key: sk-1", "name of a header", id="another header's line"),
        pytest.param("OPENAI_API_KEY=sk-1", "name of a variable", id="an assignment"),
        pytest.param("TOKEN=sk-1", "name of a variable", id="a short name"),
        pytest.param("export HF_TOKEN=hf_1", "name of a variable", id="a shell's line"),
        pytest.param("sk-\ud800", "half a character", id="half a character"),
        pytest.param("sk-1\nsk-2", "a line break", id="two lines"),
        pytest.param("sk-1\u2028sk-2", "a line break", id="two lines of a word processor"),
        pytest.param("sk-\u200b1", "an invisible character", id="zero width"),
        pytest.param("\ufeffsk-1", "an invisible character", id="byte order mark"),
        pytest.param("sk 1", "a blank", id="a blank"),
        pytest.param("sk-\x001", "a control character", id="NUL"),
        pytest.param("sk-\x1c1", "a control character", id="a separator of files"),
        pytest.param("sk-é", "no header can carry", id="no ASCII"),
    ],
)
def test_a_secret_that_no_header_carries(value: str, why: str) -> None:
    """What is wrong is said in words, and without the value."""
    found = secret_flaw(value)

    assert found is not None
    assert why in found
    assert "sk-" not in found


@pytest.mark.parametrize(
    "value",
    ["sk-1", "a=b", "MONKEY==", "aGVsbG8=", "sk-ant-oat01-x_y-z", "{key}", "key'inside", "~!@#$%"],
)
def test_a_secret_that_can_be_sent(value: str) -> None:
    """Whatever is visible ASCII may be a key, the padding of base64 too."""
    assert secret_flaw(value) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("http://a b/", "a blank", id="a blank"),
        pytest.param("http://h/\x00", "a control character", id="NUL"),
        pytest.param("http://\ud800/", "half a character", id="half a character"),
        pytest.param("http://" + "a/" * 3000, "too long", id="no end"),
        pytest.param("http://[bad/v1", "is not a URL", id="an open bracket"),
        pytest.param("api.example.com/v1", "does not begin with http", id="no scheme"),
        pytest.param("localhost:8080", "does not begin with http", id="a host and a port"),
        pytest.param("ftp://h/", "does not begin with http", id="another scheme"),
        pytest.param("https:", "names no host", id="no host"),
        pytest.param("http://" + "a" * 64 + ".example/", "cannot exist", id="a long name"),
        pytest.param("http://a..b/", "cannot exist", id="an empty name"),
        pytest.param("http://999.1.1.1/", "cannot exist", id="no address"),
        pytest.param("http://[127.0.0.1]/", "", id="brackets around IPv4"),
        pytest.param("http://[::1]<", "", id="more behind the brackets"),
        pytest.param("http://[::1]8080/", "", id="a port without a colon"),
        pytest.param("http://h[::1]/", "", id="more before the brackets"),
        pytest.param("http://a@b@c/", "cannot exist", id="two names"),
        pytest.param("http://é.example/", "cannot exist", id="no ASCII"),
        pytest.param("http://h:99999/", "a port", id="a port too high"),
        pytest.param("http://h:port/", "a port", id="a port in letters"),
        pytest.param("http://h:0/", "a port", id="no port"),
    ],
)
def test_a_url_that_nothing_is_sent_to(value: str, why: str) -> None:
    """What is wrong is said in words."""
    found = url_flaw(value)

    assert found is not None
    assert why in found


@pytest.mark.parametrize(
    "value",
    [
        "https://api.example.com/v1",
        "HTTP://LOCALHOST",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/v1",
        "http://my_host.:1/v1",
        "https://name@h/v1",
    ],
)
def test_a_url_that_can_be_sent_to(value: str) -> None:
    """Names, addresses and ports of all kinds are taken."""
    assert url_flaw(value) is None


def test_blanks_and_line_ends_are_taken_off() -> None:
    """Only those around the value, and nothing that is no blank."""
    assert bare(" \t\r\nsk 1\n") == "sk 1"
    assert Secret(" sk-1\r\n") == Secret("sk-1")
    assert bare("\x1csk-1") == "\x1csk-1"


@pytest.mark.parametrize("label", ["a\x1b[31mb", "a\nb", "a\x00", "a\ud800"])
def test_a_label_that_cannot_be_shown(label: str) -> None:
    """Escapes and halves of characters are no part of a name."""
    assert label_flaw(label) is not None


def test_any_other_label_can_be_shown() -> None:
    """People name their keys in their own language."""
    assert label_flaw("Büro 🏢 2") is None


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        pytest.param(f"{GOOD}", "the keys are not a list, but of type str", id="a bare string"),
        pytest.param(GOOD.encode(), "of type bytes", id="bytes"),
        pytest.param(None, "of type NoneType", id="None"),
        pytest.param({"a": GOOD}, "of type dict", id="a mapping"),
        pytest.param([], "there is no key", id="none"),
        pytest.param([GOOD, None], "key 2 is not text, but of type NoneType", id="None inside"),
        pytest.param([GOOD, b"sk"], "key 2 is not text, but of type bytes", id="bytes inside"),
        pytest.param([GOOD, ""], "key 2 is empty", id="an empty one"),
        pytest.param([GOOD, " \n"], "key 2 is empty", id="a blank one"),
        pytest.param([GOOD, "sk-1\nx: 1"], "key 2 has a line break", id="one of two lines"),
        pytest.param([GOOD, "your-api-key"], "key 2 is a placeholder", id="a placeholder"),
        pytest.param(["x1", GOOD, GOOD + "\n"], "keys 2 and 3 are the same key", id="one twice"),
    ],
)
def test_keys_that_are_none_are_refused_at_once(keys: Sequence[str], why: str) -> None:
    """The error says which one and why, and does not show it."""
    with pytest.raises(BadInput, match=why) as caught:
        Pool.from_keys("openai", keys)

    assert GOOD not in str(caught.value)
    assert GOOD not in repr(caught.value)


@pytest.mark.parametrize("url", ["api.example.com/v1", "", "http://h:99999", 5])
def test_a_base_url_that_is_none_is_refused_at_once(url: str) -> None:
    """It is told how a URL is written."""
    with pytest.raises(BadInput, match=r"the base_url .*https://api\.example\.com/v1"):
        Pool.from_keys("openai", [GOOD], base_url=url)


def test_keys_that_are_valid_nowhere_are_refused_at_once() -> None:
    """A provider without an endpoint needs to be told one."""
    with pytest.raises(BadInput, match="'generic' has no endpoint of its own"):
        Pool.from_keys("generic", [GOOD])


def test_entries_are_entries_with_ids_of_their_own() -> None:
    """What is not an entry, or has another one's id, is refused at once."""
    entry = Entry(id=EntryId("a"), secret=Secret(GOOD))

    with pytest.raises(BadInput, match="entry 2 is no Entry"):
        Pool.from_entries("openai", [entry, GOOD])  # type: ignore[list-item]
    with pytest.raises(BadInput, match="two entries have the id 'a'"):
        Pool.from_entries("openai", [entry, entry])
    with pytest.raises(BadInput, match="the entries are not a list"):
        Pool.from_entries("openai", entry)  # type: ignore[arg-type]


def test_a_pool_tells_what_cannot_be_used_as_it_opens() -> None:
    """An event names the entry and the reason; an entry without a secret is no fault."""
    state = PoolState(
        key="openai",
        provider="openai",
        entries=(
            Entry(id=EntryId("bad"), secret=Secret("Bearer sk-1")),
            Entry(id=EntryId("none")),
            Entry(id=EntryId("good"), secret=Secret(GOOD)),
        ),
    )

    (told,) = opened(state)

    assert isinstance(told, events.EntryUnusable)
    assert report_event(told)["entry"] == "bad"
    assert "sk-1" not in told.why


def test_an_entry_that_belongs_nowhere_is_passed_over() -> None:
    """It has no address beside one that has; where nobody has one the call says so."""
    a, b = (Entry(id=EntryId(name), secret=Secret(name)) for name in "ab")
    placed = Entry(id=EntryId("c"), secret=Secret("c"), base_url="https://h/v1")

    alone = PoolState(key="generic", provider="generic", entries=(a, b))
    beside = PoolState(key="generic", provider="generic", entries=(a, placed))

    assert why_unusable(alone)(a) is None
    assert "no base_url" in (why_unusable(beside)(a) or "")
    assert why_unusable(beside)(placed) is None


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("token_url", "auth.example.com", "has a token_url that does not begin with http"),
        ("refresh_token", "rt-\ud800", "has a refresh token that has half a character"),
        ("client_id", "\ud800", "has a client_id that has half a character"),
    ],
)
def test_a_login_that_cannot_be_refreshed_is_told(
    tmp_path: Path, field: str, value: str, why: str
) -> None:
    """Its token is used to its end; what will go wrong then is said as the pool opens."""
    row = {"id": "a", "auth_type": "oauth", "access_token": "at-1", "refresh_token": "rt-1"}
    told, path = store_of(tmp_path, row | {"token_url": "https://h/t", field: value})

    state = view_pool("openai", Surroundings(environ={}), store=path, notify=told.append)

    assert [complaint.what for complaint in told if why in complaint.what] != []
    assert why_unusable(state)(state.entries[0]) is None


def store_of(folder: Path, *rows: dict[str, object]) -> tuple[list[Complaint], Path]:
    """Return a file with those rows, and a list for what is told of them."""
    path = folder / "auth.json"
    document = {"version": 1, "credential_pool": {"openai": list(rows)}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return [], path


@pytest.mark.parametrize(
    ("row", "why", "fix"),
    [
        pytest.param(
            {"access_token": "Bearer sk-1"},
            "has a secret that has “Bearer” before it",
            "credpool remove openai bad",
            id="a row",
        ),
        pytest.param(
            {"access_token": "env:BAD"},
            "quotes around it",
            "what env:BAD leads to",
            id="a reference",
        ),
        pytest.param(
            {"access_token": GOOD, "base_url": "h/v1"}, "has a base_url that", "remove", id="a URL"
        ),
        pytest.param(
            {"source": "env:OPENAI_API_KEY"}, "a blank", "from: env:OPENAI", id="a variable"
        ),
    ],
)
def test_opening_tells_the_place_the_reason_and_the_next_step(
    tmp_path: Path, row: dict[str, object], why: str, fix: str
) -> None:
    """Through `notify`, once; looking tells it too."""
    told, path = store_of(tmp_path, {"id": "bad", **row}, {"id": "good", "access_token": GOOD})
    environ = {"BAD": '"sk-1', "OPENAI_API_KEY": "sk-1 x: 1"} | (
        {} if "source" in row else {"OPENAI_API_KEY": ""}
    )
    around = Surroundings(environ=environ)
    seen: list[Complaint] = []

    pool = open_pool("openai", around, store=path, notify=told.append)
    view_pool("openai", around, store=path, notify=seen.append)

    (complaint,) = (c for c in told if c.where == "openai, bad")
    assert why in complaint.what
    assert fix in complaint.fix
    assert complaint in seen
    assert "sk-1" not in str(complaint)
    assert pool.exhaustion() is None


def test_an_event_is_logged_when_nobody_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has one line for the entry, a warning."""
    _, path = store_of(tmp_path, {"id": "bad", "access_token": "Bearer sk-1"})

    open_pool("openai", Surroundings(environ={}), store=path)

    assert [r.levelname for r in caplog.records if "cannot be used" in r.message] == ["WARNING"]


def test_the_addresses_of_a_pool_outlive_their_entries() -> None:
    """Callers go on sending to the pool's own URL when its last entry there is removed."""
    own, other = "https://pool.example/v1", "https://other.example/v1"
    entries = [
        Entry(id=EntryId(name), secret=Secret(name), base_url=url)
        for name, url in (("a", own), ("b", other))
    ]
    pool = Pool.from_entries("openai", entries)

    from credpool import Operator  # noqa: PLC0415

    Operator(pool).remove("a")

    assert {own, other} <= {*engine_of(pool).bases}


def test_a_listener_hears_nothing_new_of_a_pool_without_flaws() -> None:
    """A pool of good keys opens in silence."""
    heard: list[events.Event] = []
    pool = Pool.from_keys("openai", [GOOD, "sk-two"], clock=FakeClock())

    pool.listen(heard.append)

    assert heard == []
    assert [*opened(pool.state)] == []


@pytest.mark.parametrize(
    ("secret", "pool", "other"),
    [
        ("sk-ant-api03-x", "openai", "anthropic"),
        ("sk-or-v1-x", "openai", "openrouter"),
        ("sk-proj-x", "openai", None),
        ("sk-x", "deepseek", None),
        ("sk-ant-api03-x", "anthropic", None),
        ("gsk_x", "mistral", "groq"),
        ("anything", "openai", None),
    ],
)
def test_a_key_that_begins_like_anothers(secret: str, pool: str, other: str | None) -> None:
    """Only a prefix that one provider alone has tells anything."""
    assert looks_like(Secret(secret), provider(pool)) == other


def test_an_entry_of_the_operators_is_checked_too(tmp_path: Path) -> None:
    """A label that cannot be shown and a URL that is none are refused, and nothing is changed."""
    from credpool import Operator  # noqa: PLC0415

    _, path = store_of(tmp_path, {"id": "a", "access_token": GOOD})
    operator = Operator(Pool(JsonFileStore(path, "openai")))
    before = path.read_bytes()

    with pytest.raises(BadInput, match="the label has a control character"):
        operator.add(Secret("sk-new"), label="a\x1b[2J")
    with pytest.raises(BadInput, match="the base_url does not begin"):
        operator.add(Secret("sk-new"), base_url="h/v1")
    with pytest.raises(BadInput, match="the label has half a character"):
        operator.rename("a", "\ud800")
    with pytest.raises(UnusableSecret, match="quotes around it"):
        operator.add(Secret('"sk-new"'))

    assert path.read_bytes() == before


def test_all_reasons_are_in_the_error_of_a_pool_that_is_out() -> None:
    """Whoever reads it sees which key is wrong, and how."""
    pool = Pool.from_entries("openai", [Entry(id=EntryId("bad"), secret=Secret("sk 1"))])

    over = pool.exhaustion()

    assert over is not None
    assert over.returns_at is None
    assert [out.why for out in over.entries] == [
        "has a secret that has a blank in it, which no header can carry"
    ]
    assert issubclass(PoolExhausted, Exception)


@pytest.mark.parametrize("base_url", ["http://[bad/v1", "api.example.com/v1"])
def test_an_endpoint_with_a_url_that_is_none_keeps_no_other_from_opening(base_url: str) -> None:
    """Its key is an unusable entry of its own pool; without a name it has no pool, and is refused."""
    named = {"name": "one", "base_url": base_url, "api_key": GOOD}
    model = {"provider": "custom", "base_url": base_url, "api_key": GOOD}
    around = Surroundings(environ={}, config={"custom_providers": [named], "model": model})
    told: list[Complaint] = []

    view_pool("openai", around, notify=told.append)
    state = view_pool("custom:one", around, notify=told.append)

    assert [complaint.where for complaint in told] == [f"custom:one, {state.entries[0].id} (one)"]
    with pytest.raises(BadInput, match=r"custom_providers\[0\]\.base_url"):
        Surroundings(environ={}, config={"custom_providers": [named | {"name": ""}]}).endpoint(
            "custom:one"
        )
