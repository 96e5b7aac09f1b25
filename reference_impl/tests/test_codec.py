"""`auth.json` documents, read and written."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.secret import Secret
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass, Payer
from credpool.stores.auth_json import codec
from credpool.stores.auth_json.fields import LATEST
from credpool.stores.auth_json.windows import decode_windows, encode_windows

NOW = 1_790_000_000.0
HERMES: Mapping[str, object] = {
    "version": 1,
    "active_provider": "nous",
    "providers": {"nous": {"tokens": {"access_token": "singleton"}, "scopes": ["a", None]}},
    "suppressed_sources": {"openrouter": ["env:OPENROUTER_API_KEY"]},
    "credential_pool": {
        "nous": [{"id": "0a1b2c", "source": "device_code", "agent_key": "jwt", "tls": {"x": 1}}],
        "odd": {"not": "a list"},
        "openrouter": [
            {
                "id": "abc123",
                "label": "api-key-1",
                "auth_type": "api_key",
                "priority": 0,
                "source": "manual",
                "access_token": "made-up-1",
                "last_status": "exhausted",
                "last_status_at": NOW,
                "last_error_code": 429,
                "last_error_reason": "rate_limit",
                "last_error_message": "slow down",
                "last_error_reset_at": NOW + 30,
                "base_url": "https://openrouter.ai/api/v1",
                "request_count": 4,
                "failure_reason": "rate_limit",
                "future": {"deep": [1, {"er": None}]},
            },
            {
                "id": "def456",
                "label": "OPENROUTER_API_KEY",
                "auth_type": "api_key",
                "priority": 1,
                "source": "env:OPENROUTER_API_KEY",
                "last_status": "ok",
                "last_status_at": NOW - 60,
                "last_error_code": None,
                "last_error_reason": None,
                "last_error_message": None,
                "last_error_reset_at": None,
                "request_count": 0,
                "secret_fingerprint": "sha256:0123456789abcdef",
            },
        ],
    },
    "updated_at": "2026-07-01T00:00:00+00:00",
}


def decode_row(**row: object) -> Entry:
    """Return the entry of a row with that content."""
    return codec.decode_row(row, key="openrouter", index=0)


def written(entry: Entry) -> dict[str, object]:
    """Return the row of an entry as another program would read it."""
    row: dict[str, object] = json.loads(codec.encode_row(entry))
    return row


def again(document: object, key: str = "openrouter") -> object:
    """Return what a document is after it has been read and written."""
    read = codec.decode(json.dumps(document), key)
    text = codec.encode(read.head, map(codec.encode_row, read.entries), "now", read.suppressed)
    back: object = json.loads(text)
    return back


def test_a_document_of_hermes_comes_back_whole() -> None:
    """Every field of every level survives, with one more that says why the entry is out."""
    expected = json.loads(json.dumps(HERMES)) | {"updated_at": "now"}
    expected["credential_pool"]["openrouter"][0]["failure_class"] = "rate_limited"

    assert again(HERMES) == expected


def test_a_document_of_hermes_is_read_as_it_was_meant() -> None:
    """A row's fields become the entry's, and an exhausted row one that is cooling."""
    first, second = codec.decode(json.dumps(HERMES), "openrouter").entries

    assert first.secret == Secret("made-up-1")
    assert first.cooldown == Cooldown(
        failure=FailureClass.RATE_LIMITED,
        since=NOW,
        until=NOW + 30,
        code=429,
        reason="rate_limit",
        message="slow down",
    )
    assert (second.secret, second.cooldown, second.priority) == (None, None, 1)


def test_a_pool_that_is_not_there_is_empty() -> None:
    """An unknown pool key has no entries, and the other pools stay."""
    assert codec.decode(json.dumps(HERMES), "gemini").entries == ()
    assert codec.decode('{"credential_pool": {"gemini": null}}', "gemini").entries == ()
    assert again({"credential_pool": {"a": []}}, "b") == {
        "version": 1,
        "credential_pool": {"a": [], "b": []},
        "updated_at": "now",
    }


@pytest.mark.parametrize(
    ("row", "failure", "until"),
    [
        pytest.param({"last_error_code": 401}, "auth_rejected", 300, id="a 401: five minutes"),
        pytest.param({"last_error_code": 402}, "out_of_credit", 86400, id="a 402: a day"),
        pytest.param({"last_error_code": 403}, "forbidden", 3600, id="a 403: an hour"),
        pytest.param({"last_error_code": 429}, "rate_limited", 3600, id="a 429: an hour"),
        pytest.param({}, "rate_limited", 3600, id="nothing known: an hour"),
        pytest.param({"last_error_reset_at": NOW + 9}, "rate_limited", 9, id="a reset wins"),
        pytest.param({"last_error_reset_at": NOW * 1e3}, "rate_limited", 0, id="milliseconds"),
        pytest.param(
            {"last_error_code": 429, "last_error_reason": "insufficient_quota"},
            "out_of_credit",
            3600,
            id="a 429 for money",
        ),
        pytest.param(
            {"last_error_reason": "usage_limit_reached"}, "usage_limited", 3600, id="a cap"
        ),
        pytest.param({"failure_class": "not_entitled"}, "not_entitled", 3600, id="a class wins"),
        pytest.param({"failure_class": "yet unknown"}, "rate_limited", 3600, id="a later class"),
    ],
)
def test_an_exhausted_row_returns_in_time(
    row: Mapping[str, object], failure: str, until: float
) -> None:
    """A row without a class or a reset time is given those its status code stands for."""
    entry = decode_row(last_status="exhausted", last_status_at=NOW, **row)

    assert entry.cooldown is not None
    assert entry.cooldown.failure.value == failure
    assert entry.cooldown.until == NOW + until


@pytest.mark.parametrize("status", ["ok", "exhausted", "a later one", None])
def test_a_row_without_a_time_is_free(status: str | None) -> None:
    """Without a time an entry is out for no length of it; what the row said is written back."""
    entry = decode_row(id="a", last_status=status, last_error_message="was out", last_status_at="")

    assert entry.cooldown is None
    assert written(entry)["last_status"] == status
    assert written(entry)["last_error_message"] == "was out"


def test_what_a_row_said_goes_when_it_is_said_anew() -> None:
    """A new cooldown replaces all that the row said of the last failure."""
    entry = decode_row(last_status="ok", last_error_message="was out", last_error_code=500)

    out = replace(
        entry, cooldown=Cooldown(failure=FailureClass.RATE_LIMITED, since=NOW, until=NOW + 1)
    )

    assert written(out)["last_status"] == "exhausted"
    assert written(out)["last_error_message"] is None
    assert written(out)["last_error_code"] is None


def test_dead_is_written_without_an_end() -> None:
    """What never returns has no reset time: JSON has no infinity."""
    entry = decode_row(id="a", last_status="dead", last_status_at=None, last_error_code=401)

    assert entry.dead
    assert entry.cooldown is not None
    assert entry.cooldown.failure is FailureClass.AUTH_REVOKED
    assert written(entry)["last_status"] == "dead"
    assert written(entry)["last_status_at"] is None
    assert written(entry)["last_error_reset_at"] is None


def test_a_plain_entry_has_no_field_of_ours() -> None:
    """Fields that Hermes does not know are written only when they are set."""
    entry = Entry(id=EntryId("a"), secret=Secret("made-up"), label="first")

    assert written(entry) == {
        "id": "a",
        "label": "first",
        "auth_type": "api_key",
        "priority": 0,
        "source": "manual",
        "access_token": "made-up",
        "last_status": None,
        "last_status_at": None,
        "last_error_code": None,
        "last_error_reason": None,
        "last_error_message": None,
        "last_error_reset_at": None,
        "request_count": 0,
    }


def test_our_fields_are_written_when_set() -> None:
    """What only this library knows is written beside what Hermes reads, in forms of JSON."""
    entry = Entry(
        id=EntryId("a"),
        secret=None,
        owner="team",
        learnt_owner="org-1",
        payer=Payer.FREE,
        token_url="https://auth.example.com",
        marked=True,
        probed_at=NOW,
        claim=Claim(holder="me", until=NOW + 60),
        refresh_failed_at=NOW - 5,
        models={
            "gpt-5": Cooldown(
                failure=FailureClass.NOT_ENTITLED, since=NOW, until=FOREVER, message="no plan"
            )
        },
    )

    row = written(entry)

    assert row["owner"] == "team"
    assert (row["learnt_owner"], row["payer"]) == ("org-1", "free")
    assert row["token_url"] == "https://auth.example.com"
    assert row["retry_pending"] is True
    assert row["probed_at"] == NOW
    assert row["claim"] == {"holder": "me", "until": NOW + 60}
    assert row["refresh_failed_at"] == NOW - 5
    assert row["model_cooldowns"] == {
        "gpt-5": {"class": "not_entitled", "since": NOW, "until": None, "message": "no plan"}
    }
    assert decode_row(**row) == entry


def test_model_cooldowns_of_another_form_stay() -> None:
    """What another program wrote per model is kept beside our own."""
    theirs = {"a": 12, "b": {"until": 1}, "c": {"class": "a later one"}}
    ours = {"gpt-5": {"class": "rate_limited", "since": NOW, "until": NOW + 1}}

    entry = decode_row(id="a", model_cooldowns=theirs | ours)

    assert set(entry.models) == {"gpt-5"}
    assert written(entry)["model_cooldowns"] == theirs | ours
    assert written(replace(entry, models={}))["model_cooldowns"] == theirs


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        pytest.param({}, {"expires_at_ms": 1_790_000_000_123}, id="new"),
        pytest.param({"expires_at_ms": 5}, {"expires_at_ms": 1_790_000_000_123}, id="milliseconds"),
        pytest.param({"expires_at": 5.5}, {"expires_at": NOW + 0.1234}, id="seconds"),
        pytest.param(
            {"expires_at": "2026-07-01T12:00:00Z"},
            {"expires_at": "2026-09-21T14:13:20.123400+00:00"},
            id="a date",
        ),
        pytest.param(
            {"expires_at": "2026-07-01 12:00", "expires_at_ms": 1_782_907_200_000},
            {
                "expires_at": "2026-09-21T14:13:20.123400+00:00",
                "expires_at_ms": 1_790_000_000_123,
            },
            id="both",
        ),
    ],
)
def test_an_expiry_keeps_its_form(row: Mapping[str, object], changed: dict[str, object]) -> None:
    """An expiry is written back as it was, and a new one in the form the row had."""
    entry = decode_row(id="a", **row)

    same, later = written(entry), written(replace(entry, expires_at=NOW + 0.1234))

    assert {n: v for n, v in same.items() if "expires" in n} == row
    assert {n: v for n, v in later.items() if "expires" in n} == changed
    assert "expires_at" not in written(replace(entry, expires_at=None))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            {"expires_at": "2026-07-01T12:00:00Z", "expires_at_ms": 10**15}, id="two forms"
        ),
        pytest.param({"expires_at_ms": 10**300}, id="no end"),
        pytest.param({"expires_at": 9e11}, id="the year 30000"),
        pytest.param({"expires_at": "9999-12-31T23:59:59-12:00"}, id="the last year elsewhere"),
    ],
)
def test_an_expiry_beyond_all_dates_can_be_written_again(row: Mapping[str, object]) -> None:
    """What is read is never later than a date can be, so that no later change is refused for it."""
    entry = decode_row(id="a", **row)

    later = written(replace(entry, request_count=1))

    assert entry.expires_at == LATEST
    assert decode_row(**later).expires_at == LATEST


def test_a_new_expiry_beyond_all_dates_is_written_as_the_last() -> None:
    """A token endpoint may promise any time; the login is kept all the same."""
    dated = decode_row(id="a", expires_at="2026-07-01T12:00:00Z")

    assert written(replace(dated, expires_at=1e15))["expires_at"] == "9999-12-31T23:59:59+00:00"
    assert str(written(replace(dated, expires_at=-1e15))["expires_at"]).startswith("1970-01-01")


@pytest.mark.parametrize("field", ["priority", "request_count", "last_error_code"])
def test_a_number_too_long_is_refused(field: str) -> None:
    """One more of it could not be written; the error names the place."""
    with pytest.raises(
        codec.Malformed, match=rf"{field}: expected a whole number, found one too long"
    ):
        decode_row(id="a", **{field: 10**4000})


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        pytest.param("2026-07-01T12:00:00Z", 1_782_907_200.0, id="a date"),
        pytest.param("2026-07-01T12:00:00", 1_782_907_200.0, id="a date without a zone"),
        pytest.param("2026-07-01T14:00:00+02:00", 1_782_907_200.0, id="a date elsewhere"),
        pytest.param(1_782_907_200, 1_782_907_200.0, id="seconds"),
        pytest.param("1782907200", 1_782_907_200.0, id="seconds in a string"),
        pytest.param(1_782_907_200_000, 1_782_907_200.0, id="milliseconds"),
        pytest.param(0, None, id="zero is not a time"),
        pytest.param(-1, None, id="nor is what is below"),
        pytest.param("", None, id="nor is nothing"),
        pytest.param(None, None, id="nor is null"),
    ],
)
def test_times_are_read_in_every_form(told: object, seconds: float | None) -> None:
    """A time is a number in seconds or milliseconds or a date, in UTC unless it says otherwise."""
    assert decode_row(expires_at=told).expires_at == seconds


def test_an_id_is_made_up_once_and_for_all() -> None:
    """A row without an id has the same one at each reading, whatever its secret."""
    first = decode_row(id=None, label="x", access_token="made-up-1")
    renewed = decode_row(label="x", access_token="made-up-2")
    second = codec.decode_row({"label": "x"}, key="openrouter", index=1)

    assert first.id == renewed.id
    assert first.id != second.id
    assert written(first)["id"] == first.id


def test_a_claude_token_is_oauth() -> None:
    """A token of Claude's subscription is OAuth, whatever the row says."""
    assert decode_row(access_token="sk-ant-oat01-x").auth_type is AuthType.OAUTH
    assert decode_row(access_token="sk-ant-api03-x").auth_type is AuthType.API_KEY
    assert decode_row(auth_type="oauth").auth_type is AuthType.OAUTH


SECRET = "sk-never-in-a-message"


MALFORMED_ROWS: list[tuple[object, str, str]] = [
    (SECRET, "", "expected an object, found a string"),
    ([SECRET], "", "expected an object, found a list"),
    (None, "", "expected an object, found nothing"),
    ({"id": 7}, ".id", "expected a string, found a number"),
    ({"access_token": [SECRET]}, ".access_token", "expected a string, found a list"),
    ({"refresh_token": {"x": SECRET}}, ".refresh_token", "expected a string, found an object"),
    ({"priority": SECRET}, ".priority", "expected a whole number, found a string"),
    ({"priority": True}, ".priority", "expected a whole number, found true or false"),
    ({"request_count": 1.5}, ".request_count", "expected a whole number, found a number"),
    ({"retry_pending": "yes"}, ".retry_pending", "expected true or false, found a string"),
    ({"auth_type": SECRET}, ".auth_type", "expected one of api_key, oauth"),
    ({"payer": SECRET}, ".payer", "expected one of subscription, metered, free, unknown"),
    ({"expires_at": SECRET}, ".expires_at", "expected seconds since the epoch or an ISO 8601"),
    ({"expires_at": "inf"}, ".expires_at", "ISO 8601 date, found a string"),
    ({"expires_at": True}, ".expires_at", "found true or false"),
    ({"expires_at": 10**400}, ".expires_at", "found a number"),
    ({"last_status_at": {}}, ".last_status_at", "found an object"),
    ({"model_cooldowns": []}, ".model_cooldowns", "expected an object, found a list"),
    ({"serves": "gpt-*"}, ".serves", "expected a list of strings, found a string"),
    ({"serves": ["gpt-*", 5]}, ".serves", "expected a list of strings, found a list"),
    (
        {"model_cooldowns": {"m": {"class": "rate_limited", "since": []}}},
        ".model_cooldowns['m'].since",
        "found a list",
    ),
    ({"claim": "me"}, ".claim", "expected an object, found a string"),
    ({"claim": {"holder": "me"}}, ".claim", "expected a holder and an until"),
]


@pytest.mark.parametrize(
    ("row", "where", "what"),
    MALFORMED_ROWS,
    ids=[f"{where[1:] or 'the row'} {what}" for _, where, what in MALFORMED_ROWS],
)
def test_a_malformed_row_is_refused(row: object, where: str, what: str) -> None:
    """The error names the pool, the row, the field and what is wrong, and never the value."""
    with pytest.raises(codec.Malformed) as caught:
        codec.decode_row(row, key="openrouter", index=4)

    assert caught.value.where == f"credential_pool['openrouter'][4]{where}"
    assert what in caught.value.what
    assert SECRET not in str(caught.value)


MALFORMED_DOCUMENTS = [
    ("", "line 1, column 1: not JSON: Expecting value"),
    ('{"version": 1,\n  oops}', "line 2, column 3: not JSON: Expecting property name"),
    ("[]", "line 1, column 1: expected an object, found a list"),
    ('{"x": NaN}', "a number: not JSON: NaN"),
    ('{"x": -1e999}', "a number: not JSON: too large"),
    ('{"x": ' + "9" * 5000 + "}", "line 1, column 1: not JSON: a number has too many digits"),
    ("[" * 200_000, "line 1, column 1: not JSON: nested too deeply"),
    ('{"version": "1"}', "version: expected 1, found a string"),
    ('{"version": true}', "version: expected 1, found true or false"),
    ('{"version": 0}', "version: expected 1, found a number"),
    ('{"credential_pool": []}', "credential_pool: expected an object, found a list"),
    ('{"credential_pool": {"p": {}}}', "credential_pool['p']: expected a list, found an obj"),
    (
        '{"credential_pool": {"p": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}}',
        "credential_pool['p'][2].id: row 0 has the same id; give one of them another",
    ),
]


@pytest.mark.parametrize(
    ("text", "message"), MALFORMED_DOCUMENTS, ids=[message for _, message in MALFORMED_DOCUMENTS]
)
def test_a_malformed_document_is_refused(text: str, message: str) -> None:
    """The error names the place and what is wrong, and carries nothing of the text with it."""
    with pytest.raises(codec.Malformed) as caught:
        codec.decode(text, "p")

    assert str(caught.value).startswith(message)
    assert not isinstance(caught.value, codec.TooNew)
    assert caught.value.__context__ is None


def test_a_newer_document_is_refused() -> None:
    """A version above ours is not read as ours."""
    with pytest.raises(codec.TooNew, match="version 2, this library knows 1"):
        codec.decode('{"version": 2, "credential_pool": "in another form"}', "p")


@pytest.mark.parametrize(
    ("key", "source", "borrowed"),
    [
        ("openrouter", "manual", False),
        ("openrouter", "Manual:device_code", False),
        ("openrouter", "", False),
        ("openai-codex", "device_code", False),
        ("anthropic", "hermes_pkce", False),
        ("openrouter", "device_code", True),
        ("openrouter", "env:OPENROUTER_API_KEY", True),
        ("anthropic", "claude_code", True),
        ("custom:local", "config:local", True),
        ("custom:local", "model_config", True),
    ],
)
def test_borrowed_is_all_that_is_not_ours(key: str, source: str, borrowed: bool) -> None:  # noqa: FBT001
    """A credential is borrowed unless it was entered by hand or the library logged in for it."""
    assert codec.borrowed(key, source) is borrowed


def keep(entry: Entry, fingerprint_key: bytes | None = None) -> Entry:
    """Return what is kept of an entry of openrouter, with a loud redaction."""
    return codec.as_stored(
        entry, key="openrouter", clean=str.upper, fingerprint_key=fingerprint_key
    )


BORROWED = Entry(
    id=EntryId("a"),
    secret=Secret("made-up-1"),
    refresh_token=Secret("made-up-2"),
    source="env:KEY",
    borrowed=True,
    extra=MappingProxyType({"agent_key": "x", "accessToken": "y", "token_type": "z", "seen": 1}),
)


def test_nothing_borrowed_is_kept() -> None:
    """A borrowed row keeps no token, and no field named like one."""
    stored = keep(BORROWED)

    assert (stored.secret, stored.refresh_token) == (None, None)
    assert stored.extra == {"token_type": "z", "seen": 1}
    assert keep(stored) is stored


@pytest.mark.parametrize(
    ("there", "key", "expected"),
    [
        (None, None, None),
        (None, b"key", codec.fingerprint(Secret("made-up-1"), b"key")),
        ("hmac-sha256:of-an-older-secret", b"key", codec.fingerprint(Secret("made-up-1"), b"key")),
        ("hmac-sha256:of-an-older-secret", None, "hmac-sha256:of-an-older-secret"),
        ("sha256:0123456789abcdef", b"key", "sha256:0123456789abcdef"),
    ],
)
def test_a_fingerprint_takes_the_secrets_place(
    there: str | None, key: bytes | None, expected: str | None
) -> None:
    """With a key a fingerprint of ours is written; another program's is left alone."""
    extra = {} if there is None else {"secret_fingerprint": there}

    stored = keep(replace(BORROWED, extra=extra), key)

    assert stored.extra.get("secret_fingerprint") == expected


def test_messages_are_cleaned_wherever_they_are() -> None:
    """The entry's message, its models' and one left from an earlier failure are all redacted."""
    cooldown = Cooldown(
        failure=FailureClass.RATE_LIMITED, since=NOW, until=NOW, reason="r", message="m"
    )
    entry = Entry(
        id=EntryId("a"),
        secret=None,
        cooldown=cooldown,
        models={"gpt-5": cooldown},
        extra={"last_error_message": "old", "last_error_reason": 5, "note": "n"},
    )

    stored = keep(entry)

    assert stored.cooldown == replace(cooldown, reason="R", message="M")
    assert stored.models == {"gpt-5": replace(cooldown, reason="R", message="M")}
    assert stored.extra == {"last_error_message": "OLD", "last_error_reason": 5, "note": "n"}
    assert keep(stored) is stored


def test_a_settled_entry_is_what_its_row_says() -> None:
    """An entry with more than a row can say becomes what will be read again."""
    fine = replace(BORROWED, expires_at=NOW + 0.12345, extra={"x": (1, 2)})

    settled, line = codec.settled(fine, "openrouter")

    assert settled == replace(fine, expires_at=NOW + 0.123, extra={**settled.extra})
    assert settled.extra == {"x": [1, 2]}
    assert codec.settled(settled, "openrouter") == (settled, line)
    assert codec.settled(settled, "openrouter")[0] is settled


def test_infinity_is_never_written() -> None:
    """Only a cooldown may have no end; another infinite number is an error, not bad JSON."""
    endless = Entry(id=EntryId("a"), secret=None, claim=Claim(holder="me", until=math.inf))

    with pytest.raises(ValueError, match="JSON compliant"):
        codec.encode_row(endless)


def test_extra_never_hides_a_field() -> None:
    """A field the entry stands for is written from the entry, whatever its extra says."""
    entry = Entry(id=EntryId("a"), secret=None, extra={"id": "b", "access_token": SECRET})

    assert written(entry)["id"] == "a"
    assert SECRET not in codec.encode_row(entry)


_names = st.text(min_size=1, max_size=8).map("x-".__add__)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_unknown = st.dictionaries(_names, _json, max_size=3)
_times = st.none() | st.integers(1, 10**12).map(lambda ms: ms / 1000)
_texts = st.none() | st.text(max_size=8)
_rows = st.fixed_dictionaries(
    {},
    optional={
        "label": _texts,
        "priority": st.none() | st.integers(),
        "source": _texts,
        "access_token": _texts,
        "last_status": st.sampled_from([None, "ok", "exhausted", "dead", "other"]),
        "last_status_at": _times,
        "last_error_code": st.none() | st.integers(100, 599),
        "last_error_reason": _texts,
        "last_error_message": _texts,
        "last_error_reset_at": _times,
        "failure_class": st.sampled_from([c.value for c in FailureClass]),
        "expires_at": _times,
        "expires_at_ms": st.none() | st.integers(1, 10**15),
        "request_count": st.integers(0),
    },
)


@given(document=_unknown, pools=_unknown, rows=st.lists(st.tuples(_rows, _unknown), max_size=3))
def test_unknown_fields_survive(
    document: dict[str, object],
    pools: dict[str, object],
    rows: list[tuple[dict[str, object], dict[str, object]]],
) -> None:
    """Whatever a document, the other pools and the rows hold besides is there afterwards."""
    pool = [row | unknown for row, unknown in rows]

    back = again({**document, "credential_pool": {**pools, "openrouter": pool}})

    assert isinstance(back, dict)
    others = back.pop("credential_pool")
    after = others.pop("openrouter")
    assert others == pools
    assert back == {"version": 1, **document, "updated_at": "now"}
    for (_, unknown), row in zip(rows, after, strict=True):
        assert {n: v for n, v in row.items() if n.startswith("x-")} == unknown


@given(row=_rows)
def test_a_row_says_the_same_when_written_again(row: dict[str, object]) -> None:
    """Reading what was written gives the entry that was written, and the same line again."""
    entry = decode_row(**row)

    line = codec.encode_row(entry)
    read = decode_row(**json.loads(line))

    assert replace(read, extra=entry.extra) == entry
    assert codec.encode_row(read) == line


@pytest.mark.parametrize("told", [[], "env:A", {"openai": "env:A"}, {"openai": [1]}, {"openai": 1}])
def test_removed_sources_of_another_shape_are_refused(told: object) -> None:
    """What is not a mapping of pools to lists of sources is refused, and none of it repeated."""
    with pytest.raises(codec.Malformed, match="suppressed_sources") as caught:
        codec.decode(json.dumps({"suppressed_sources": told}), "openai")

    assert "env:A" not in str(caught.value)


def test_removed_sources_are_read_and_written() -> None:
    """The removed sources of every pool survive; without any, the field is not written."""
    told = {"openai": ["env:A"], "groq": []}

    read = codec.decode(json.dumps({"suppressed_sources": told}), "openai")

    assert read.suppressed == told
    assert json.loads(codec.encode(read.head, [], "now", told))["suppressed_sources"] == told
    assert "suppressed_sources" not in codec.encode(read.head, [], "now", {})


def test_a_reference_takes_the_secrets_place() -> None:
    """A row that names a place holds no secret, is borrowed, and is written as it was."""
    read = codec.decode_row({"access_token": "env:MINE"}, key="openai", index=0)
    lent = replace(read, secret=Secret("sk-made-up-of-mine"))

    assert (read.secret, read.reference, read.borrowed) == (None, "env:MINE", True)
    assert keep(lent).secret is None
    assert json.loads(codec.encode_row(lent))["access_token"] == "env:MINE"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"day": {"left": 0.5, "until": NOW}}, {"day": (0.5, NOW)}),
        ({"day": {"left": 1, "until": LATEST * 2}}, {"day": (1.0, LATEST)}),
        ({"day": {"left": 0.5, "until": NOW}, "week": 7}, {"day": (0.5, NOW)}),
        ({"day": {"left": True, "until": NOW}}, {}),
        ({"day": {"left": 0.5}}, {}),
        ({"day": {"left": 1.5, "until": NOW}}, {}),
        ({"day": {"left": 0.5, "until": 0}}, {}),
        ("all", {}),
    ],
    ids=[
        "well",
        "far away",
        "one of two",
        "no number",
        "no end",
        "too much",
        "no moment",
        "no map",
    ],
)
def test_a_stored_window_that_cannot_be_understood_is_left_out(
    told: object, read: dict[str, tuple[float, float]]
) -> None:
    """What is left of a quota is soft state: nobody loses a pool because of it."""
    windows = decode_windows(told)

    assert {name: (w.left, w.until) for name, w in windows.items()} == read


def test_stored_windows_are_read_again() -> None:
    """What is written comes back, and nothing is written of no window."""
    windows = decode_windows({"day": {"left": 0.5, "until": NOW}})

    assert decode_windows(encode_windows(windows)) == windows
    assert encode_windows({}) is None
