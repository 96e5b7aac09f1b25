"""What an operator does, and what comes of it, as the suite sees it (spec: operator)."""

import pytest

from credpool_conformance.data import find
from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.match import matches
from credpool_conformance.scenarios.scenario import Entry, Expected, Manage
from credpool_conformance.specification.registry import load as load_registry
from credpool_conformance.specification.requirements import load as load_requirements
from credpool_conformance.testee.aliases import Aliases
from credpool_conformance.testee.managing import aspects, managed
from credpool_conformance.testee.observed import CallResult, Observed, PoolState
from credpool_conformance.testee.protocol import validate
from credpool_conformance.testee.session import Answer

GIVEN = (Entry(id="a", label="", auth_type="api_key", priority=0),)
NEW = Entry(id="b", label="", auth_type="api_key", priority=0)
ADD = Manage(verb="add", arguments={}, newcomer=NEW)
LIST = Manage(verb="list", arguments={})


def told(entry_id: str, **other: Json) -> dict[str, Json]:
    """Return one entry of a listing."""
    return {
        "id": entry_id,
        "place": 1,
        "label": "",
        "auth_type": "api_key",
        "source": "manual",
        "owner": None,
        "priority": 0,
        "has_secret": True,
        "status": "ok",
        "class": None,
        "until": None,
        "models": {},
        "request_count": 0,
        **other,
    }


def listing(*entries: Json) -> dict[str, Json]:
    """Return a listing of one pool."""
    pool = {"key": "openai", "provider": "openai", "strategy": "fill_first", "returns_at": None}
    return {"version": 1, "at": 0.0, "pools": [{**pool, "entries": [*entries]}]}


def faults(expect: Expected, seen: Observed) -> list[str]:
    """Return the aspects that are not as expected."""
    return [
        name for name, wanted, found in aspects(expect, seen, 0.0) if not matches(wanted, found)
    ]


def test_what_is_added_has_its_name_from_then_on() -> None:
    """The id is the testee's to choose, and every later message is in the scenario's words."""
    aliases = Aliases(GIVEN)

    seen = managed(1, ADD, Answer("managed", {"entry": "x-17"}), aliases)

    assert seen.outcome == "managed"
    listed = {"entries": [{"id": "x-17", "status": "ok"}, {"id": "a", "status": "ok"}]}
    assert [entry.id for entry in aliases.pool(PoolState.read(listed)).entries] == ["b", "a"]
    ended = aliases.result(
        CallResult.read(
            {
                "attempts": [{"entry": "x-17", "action": "deliver"}],
                "events": [{"event": "entry.switched", "from": "x-17", "to": "a"}],
                "exhausted": {"returns_at": None, "entries": {"x-17": {}, "a": {}}},
            }
        )
    )
    assert [made.entry for made in ended.attempts] == ["b"]
    assert [event.fields for event in ended.events] == [{"from": "b", "to": "a"}]
    assert ended.exhausted is not None
    assert [*ended.exhausted.entries] == ["b", "a"]


@pytest.mark.parametrize("entry", ["a", "", None])
def test_an_id_that_is_not_new_is_no_id(entry: str | None) -> None:
    """One that another entry has or had is seen, and so is none at all."""
    seen = managed(1, ADD, Answer("managed", {"entry": entry}), Aliases(GIVEN))

    assert seen.outcome != "managed"


def test_an_id_of_one_that_was_added_before_is_not_new() -> None:
    """Removing an entry does not free its id."""
    aliases = Aliases(GIVEN)
    answer = Answer("managed", {"entry": "x-17"})

    first, second = (managed(n, ADD, answer, aliases) for n in (1, 2))

    assert (first.outcome == "managed", second.outcome == "managed") == (True, False)


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        pytest.param(listing(told("a")), [], id="all is well"),
        pytest.param(listing(), ["listing"], id="an entry is missing"),
        pytest.param(listing(told("a"), told("c")), ["listing"], id="one is too many"),
        pytest.param(listing(told("a", label="x")), ["listing"], id="another label"),
        pytest.param({**listing(told("a")), "version": 2}, ["listing"], id="another version"),
        pytest.param(listing(told("a", until="soon")), ["listing"], id="a moment in words"),
        pytest.param(listing(told("a", more=1)), [], id="a field that was added since"),
    ],
)
def test_a_listing_is_held_against_the_schema(shown: dict[str, Json], wrong: list[str]) -> None:
    """What is expected of the entries must be there, and the whole must fit."""
    seen = managed(1, LIST, Answer("managed", shown), Aliases(GIVEN))

    assert faults(Expected(listing={"a": {"label": ""}}), seen) == wrong


def test_a_moment_is_told_from_now() -> None:
    """An entry's return is a moment of the testee's clock, and seconds in a scenario."""
    shown = listing(told("a", status="exhausted", until=60.0, **{"class": "rate_limited"}))
    seen = managed(1, LIST, Answer("managed", shown), Aliases(GIVEN))

    assert faults(Expected(listing={"a": {"until": "+60"}}), seen) == []


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        pytest.param("there are north and south", [], id="both are named"),
        pytest.param("there is north", ["names"], id="one is not"),
        pytest.param("northern, southern", ["names"], id="in a longer word"),
    ],
)
def test_a_refusal_must_name_whom_it_should(message: str, wrong: list[str]) -> None:
    """A name is a word of its own."""
    answer = Answer("refused", {"code": "unknown_target", "message": message})

    seen = managed(1, Manage(verb="remove", arguments={}), answer, Aliases(GIVEN))

    assert seen.outcome == "refused unknown_target"
    assert faults(Expected(names=("north", "south")), seen) == wrong


def test_what_the_scenarios_ask_of_an_operator_fits_the_schema() -> None:
    """Every verb of every scenario is a command as documented."""
    data = find()
    scenarios = load(data, load_registry(data), load_requirements(data))
    asked = [p.action for s in scenarios for p in s.phases if isinstance(p.action, Manage)]

    for action in asked:
        told = {"secret": "sk", **action.arguments} if action.verb == "add" else action.arguments
        validate("manage", {"cmd": "manage", "seq": 1, "now": 0.0, "do": action.verb, **told})

    verbs = {"list", "add", "remove", "reset", "rename", "priority", "move", "strategy"}
    verbs |= {"disable", "enable", "models", "replace"}
    assert {action.verb for action in asked} == verbs
