"""When the provider says to come back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from credpool.providers.data import hints
from credpool.providers.hints import CALENDARS, FORMS, read_hint
from credpool.providers.registry import provider
from credpool.providers.reply import Reply
from credpool.providers.texts import until

NOW = 1795392000.0
TEXTS = ("duration", "moment")
SPEC = Path(__file__).parents[2] / "spec" / "tables" / "hints.yaml"
TABLE = yaml.load(SPEC.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  one of the safe loaders
EXAMPLES = [
    pytest.param(row["id"], example, id=f"{row['id']}-{n}")
    for row in TABLE["rows"]
    for n, example in enumerate(row["examples"], start=1)
]


def at(text: str) -> float:
    """Return a moment in epoch seconds."""
    return datetime.fromisoformat(text).timestamp()


def test_the_table_has_examples() -> None:
    """The table was found, its now is the tests' now, and each of its rows has examples."""
    assert TABLE["now"] == NOW
    assert len(EXAMPLES) > 100
    assert all(row["examples"] for row in TABLE["rows"])


def test_the_rows_are_the_specifications() -> None:
    """The library reads the rows in the specification's order, each in known forms."""
    assert [row["id"] for row in hints()] == [row["id"] for row in TABLE["rows"]]
    assert {form for row in TABLE["rows"] for form in row["form"]} - set(TEXTS) == set(FORMS)


@pytest.mark.parametrize(("row", "example"), EXAMPLES)
def test_example_reads_as_stated(
    row: str, example: Mapping[str, object], reply_of: Callable[[Mapping[str, object]], Reply]
) -> None:
    """The row alone finds in its example what the specification says it finds."""
    reply, seconds = example["reply"], example["seconds"]
    assert isinstance(reply, dict)

    zone = provider(str(example.get("provider", "generic"))).zone

    found = read_hint(reply_of(reply), [row], now=NOW, zone=zone)

    assert found == (None if seconds is None else pytest.approx(seconds))


def hint(
    rule: object = None, *, body: bytes = b"", now: float = NOW, **headers: str
) -> float | None:
    """Return the hint in a reply with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_hint(Reply(429, sent, body), rule, now=now)


def test_the_first_readable_row_wins() -> None:
    """A row that is present but unreadable leaves it to the next one."""
    assert hint(retry_after_ms="soon", retry_after="37", ratelimit_reset="55") == 37


def test_the_registry_names_the_rows_that_count() -> None:
    """A rule's own rows are read in its own order, and no other row is."""
    headers = {"retry_after": "37", "ratelimit_reset": "55"}

    assert hint(["ratelimit-reset", "retry-after"], **headers) == 55
    assert hint(["retry-after-ms"], **headers) is None


def test_the_registry_says_that_hints_lie() -> None:
    """Where no hint counts, none is read."""
    assert hint("none", retry_after="37") is None


def test_nothing_is_no_hint() -> None:
    """A reply that says nothing of a return has no hint."""
    assert hint() is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry_after": "Mon, 23 Nov 2026 00:06:00 GMT"}, 60, id="a date"),
        pytest.param({"x_ratelimit_reset": str(int(NOW) + 360)}, 60, id="an epoch"),
        pytest.param({"retry_after": "60"}, 60, id="seconds need no correction"),
    ],
)
def test_a_clock_that_is_slow_is_corrected(headers: Mapping[str, str], seconds: float) -> None:
    """A moment is read by the provider's clock, as its `Date` shows it."""
    assert hint(date="Mon, 23 Nov 2026 00:05:00 GMT", **headers) == seconds


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("yesterday", id="not a date"),
        pytest.param("Mon, 23 Nov 2026 00:05:00", id="of no zone"),
        pytest.param("Mon, 23 Nov 2026 00:05:00 +9999", id="of an impossible zone"),
    ],
)
def test_a_date_that_cannot_be_read_corrects_nothing(date: str) -> None:
    """Without a readable `Date` the client's own clock has to do."""
    assert hint(date=date, retry_after="Mon, 23 Nov 2026 00:06:00 GMT") == 360


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param('"a;b=1";r=0;t=5', 5, id="a semicolon in the name"),
        pytest.param('"a,b";r=0;t=5', 5, id="a comma in the name"),
        pytest.param('"a";pk="x;t=9,y";r=0;t=5', 5, id="a quoted key"),
        pytest.param('"a";r=0;t=5 , "b";r=0;t=7', 7, id="the later of two that are spent"),
        pytest.param('"a";r=0;t=5,', None, id="an item that is missing"),
        pytest.param('"a";r=0;t=5;', None, id="a part that is missing"),
        pytest.param("a;r=0;t=5", None, id="a name without quotes"),
    ],
)
def test_a_structured_limit_is_read_by_its_grammar(text: str, seconds: float | None) -> None:
    """Quoted text is no part of the list, and a malformed list is ignored as a whole."""
    assert hint(["ratelimit"], ratelimit=text) == seconds


@pytest.mark.parametrize(
    ("row", "headers"),
    [
        pytest.param("retry-after", {"retry_after": "9" * 400}, id="a number beyond any"),
        pytest.param(
            "retry-after",
            {"retry_after": "Fri, 31 Dec 9999 23:59:59 -9959"},
            id="a date beyond any",
        ),
        pytest.param(
            "anthropic-ratelimit-reset",
            {"anthropic_ratelimit_tokens_reset": "0001-01-01T00:00:00+23:59"},
            id="a moment before any",
        ),
        pytest.param(
            "anthropic-ratelimit-reset",
            {"anthropic_ratelimit_tokens_reset": "2026-13-01T00:00:00Z"},
            id="a month that is none",
        ),
    ],
)
def test_what_is_beyond_reason_does_no_harm(row: str, headers: Mapping[str, str]) -> None:
    """A value at the end of all numbers is either no hint or a number."""
    found = hint([row], **headers)

    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    ("form", "text", "seconds"),
    [
        pytest.param("epoch", "999999999", None, id="too small for a moment"),
        pytest.param("epoch", "1000000000", 1e9 - NOW, id="the smallest moment"),
        pytest.param("epoch", "1000000000000", None, id="a moment in milliseconds"),
        pytest.param("epoch-ms", "999999999999", None, id="too small for milliseconds"),
        pytest.param("epoch-ms", "1000000000000", 1e9 - NOW, id="the smallest in milliseconds"),
        pytest.param("magnitude", "999999999", 999999999, id="seconds from now"),
        pytest.param("magnitude", "1000000000", 1e9 - NOW, id="a moment, by its size"),
        pytest.param("magnitude", "1000000000000", 1e9 - NOW, id="milliseconds, by their size"),
    ],
)
def test_a_moment_is_known_by_its_size(form: str, text: str, seconds: float | None) -> None:
    """From 1e9 a number is a moment in seconds, and from 1e12 one in milliseconds."""
    assert FORMS[form](text, NOW) == seconds


MIDNIGHT = "midnight America/Los_Angeles"
MONTH = "month-start-utc"


@pytest.mark.parametrize(
    ("name", "now", "end"),
    [
        pytest.param(MIDNIGHT, "2026-11-23T00:00+00:00", "2026-11-23T08:00+00:00", id="winter"),
        pytest.param(MIDNIGHT, "2026-07-01T06:59+00:00", "2026-07-01T07:00+00:00", id="summer"),
        pytest.param(
            MIDNIGHT, "2026-07-01T07:00+00:00", "2026-07-02T07:00+00:00", id="this moment"
        ),
        pytest.param(MIDNIGHT, "2026-03-08T08:30+00:00", "2026-03-09T07:00+00:00", id="23 hours"),
        pytest.param(MIDNIGHT, "2026-11-01T07:30+00:00", "2026-11-02T08:00+00:00", id="25 hours"),
        pytest.param(MONTH, "2026-11-23T00:00+00:00", "2026-12-01T00:00+00:00", id="a month"),
        pytest.param(MONTH, "2026-12-31T23:59+00:00", "2027-01-01T00:00+00:00", id="a year"),
        pytest.param(MONTH, "2026-02-01T00:00+00:00", "2026-03-01T00:00+00:00", id="its first day"),
    ],
)
def test_a_calendar_names_the_next_boundary(name: str, now: str, end: str) -> None:
    """A quota of the day or the month returns at the boundary that its provider counts by."""
    assert hint({"calendar": name}, now=at(now)) == at(end) - at(now)


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +0000"]
)
def test_a_calendar_has_an_end(name: str, date: str) -> None:
    """A provider whose clock stands at the end of all dates gives no hint rather than an error."""
    found = hint({"calendar": name}, date=date)

    assert found is None or found > 0


def test_a_calendar_follows_the_providers_clock() -> None:
    """The boundary is counted from the provider's `Date`."""
    seconds = hint({"calendar": MONTH}, date="Mon, 30 Nov 2026 23:59:00 GMT")

    assert seconds == 60


@pytest.mark.parametrize("zone", ["+2400", "-0960"])
def test_an_offset_of_no_zone_is_no_moment(zone: str) -> None:
    """A zone is less than a day from UTC, and its minutes are an hour's."""
    assert until(f"2026-11-24 10:00 {zone}", "+08:00", NOW) is None


def test_moments_are_in_utc() -> None:
    """The tests' now is the specification's."""
    assert datetime.fromtimestamp(NOW, UTC).isoformat() == "2026-11-23T00:00:00+00:00"
