"""Events, and the words in which scenarios write them."""

from pathlib import Path

import yaml

from credpool_conformance.json_values import Json
from credpool_conformance.judging.wording import EVENT_FIELDS, events_in_words
from credpool_conformance.testee.observed import CallResult

TABLE = Path(__file__).parents[2] / "spec" / "tables" / "events.yaml"


def test_the_words_are_those_of_the_table() -> None:
    """Each event is written with the fields of its row, in their order."""
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["rows"]

    assert {row["event"]: (*row["fields"],) for row in rows} == EVENT_FIELDS


def test_an_event_is_written_with_all_its_fields() -> None:
    """A moment counts from now, a list is one word, and what is null or missing shows."""
    told: list[Json] = [
        {"event": "entry.cooled", "entry": "a", "class": "rate_limited", "until": 160.5},
        {"event": "refresh.failed", "entry": "a", "terminal": False},
        {"event": "owner.shared", "owner": "acme", "entries": ["a", "b"]},
        {"event": "pool.exhausted", "returns_at": None},
    ]

    assert events_in_words(CallResult.read({"events": told}), 100.0) == [
        "entry.cooled a rate_limited +60.5 -",
        "refresh.failed a no",
        "owner.shared acme a,b",
        "pool.exhausted -",
    ]


def test_what_the_table_does_not_have_shows() -> None:
    """An unknown event or field is no event of the table's, however it is written."""
    told: list[Json] = [
        {"event": "entry.died", "entry": "a", "class": "auth_revoked", "why": "asked"},
        {"event": "pool.opened"},
    ]

    assert events_in_words(CallResult.read({"events": told}), 0.0) == [
        "entry.died a auth_revoked why=asked",
        "pool.opened",
    ]


def test_a_result_without_events_tells_none() -> None:
    """A testee that leaves them out has told nothing."""
    assert events_in_words(CallResult(), 0.0) == []
