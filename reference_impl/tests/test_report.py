"""What can be told of a pool, as plain JSON values."""

import json
from dataclasses import replace

import pytest

from credpool.events.report import report_attempt, report_exhaustion, report_pool
from credpool.model.entry import Cooldown, Entry
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.messages import Attempt
from credpool.model.recovery import Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass

NOW = 1795392000.0
A = EntryId("a")
CAP = Cooldown(failure=FailureClass.USAGE_LIMITED, since=NOW, until=NOW + 60)
GONE = Cooldown(failure=FailureClass.AUTH_REVOKED, since=NOW, until=FOREVER)
WELL = Entry(id=A, secret=Secret("sk-a"), label="work", request_count=7)


def pool(*entries: Entry) -> PoolState:
    """Return a pool of these entries."""
    return PoolState(key="p", provider="openai", entries=entries)


def test_a_healthy_entry_has_no_reason_and_no_end() -> None:
    """An entry that is available is told with its label and its count."""
    assert report_pool(pool(WELL), now=NOW) == {
        "returns_at": None,
        "entries": [
            {
                "id": "a",
                "label": "work",
                "source": "manual",
                "status": "ok",
                "class": None,
                "until": None,
                "models": {},
                "request_count": 7,
            }
        ],
    }


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param(
            replace(WELL, cooldown=CAP),
            {"status": "exhausted", "class": "usage_limited", "until": NOW + 60},
            id="cooling",
        ),
        pytest.param(
            replace(WELL, cooldown=GONE),
            {"status": "dead", "class": "auth_revoked", "until": None},
            id="dead",
        ),
        pytest.param(
            replace(WELL, models={"gpt-5": CAP, "o3": replace(CAP, until=NOW)}),
            {"status": "ok", "models": {"gpt-5": {"class": "usage_limited", "until": NOW + 60}}},
            id="cooling for a model, and back for another",
        ),
    ],
)
def test_an_entry_that_is_out_says_why_and_until_when(
    entry: Entry, told: dict[str, object]
) -> None:
    """The class and the end are those that the selection goes by."""
    report = report_pool(pool(entry), now=NOW)["entries"]

    assert isinstance(report, list)
    assert isinstance(report[0], dict)
    assert told.items() <= report[0].items()


def test_an_exhausted_pool_says_when_it_returns() -> None:
    """The first return is told only when nobody is available."""
    resting = replace(WELL, cooldown=CAP)

    found = [report_pool(pool(*e), now=NOW)["returns_at"] for e in ([resting], [resting, WELL])]

    assert found == [NOW + 60, None]


def test_a_report_holds_no_secret() -> None:
    """What is told of a pool can be written down anywhere."""
    assert "sk-a" not in json.dumps(report_pool(pool(WELL), now=NOW))


def test_an_exhaustion_names_each_entry() -> None:
    """Each entry's class and end are told, and nothing for one that has failed at nothing."""
    outs = (
        Out(id=A, failure=FailureClass.AUTH_REVOKED, until=FOREVER),
        Out(id=EntryId("b"), failure=FailureClass.USAGE_LIMITED, until=NOW + 60),
        Out(id=EntryId("c"), failure=None, until=FOREVER),
        Out(id=EntryId("d"), failure=None, until=FOREVER, forbidden=True),
        Out(id=EntryId("e"), failure=None, until=FOREVER, why="has a blank in its secret"),
    )

    assert report_exhaustion(Exhaustion(returns_at=NOW + 60, entries=outs)) == {
        "returns_at": NOW + 60,
        "entries": {
            "a": {"class": "auth_revoked", "until": None},
            "b": {"class": "usage_limited", "until": NOW + 60},
            "d": {"class": "payer_forbidden", "until": None},
            "c": {"class": None, "until": None},
            "e": {"class": None, "until": None, "why": "has a blank in its secret"},
        },
    }


def test_no_exhaustion_is_told_as_none() -> None:
    """A pool that is not exhausted has nothing to tell."""
    assert report_exhaustion(None) is None


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        pytest.param(
            Attempt(entry=A, failure=FailureClass.RATE_LIMITED, step=Step.RETRY),
            {"entry": "a", "class": "rate_limited", "action": "retry"},
            id="refused",
        ),
        pytest.param(
            Attempt(entry=A, failure=None, step=Step.DELIVER),
            {"entry": "a", "class": "ok", "action": "deliver"},
            id="answered",
        ),
        pytest.param(
            Attempt(entry=A, failure=None, step=Step.DELIVER, answered=False),
            {"entry": "a", "class": None, "action": "deliver"},
            id="without a reply",
        ),
    ],
)
def test_an_attempt_is_told_by_its_entry_meaning_and_step(
    attempt: Attempt, told: dict[str, object]
) -> None:
    """Which entry, what its reply meant, and what the call did next."""
    assert report_attempt(attempt) == told
