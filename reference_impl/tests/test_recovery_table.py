"""The decision table: the library's against the specification's, and what each row leads to."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from credpool.model.entry import Cooldown, Entry
from credpool.model.messages import Call, Decision, Deliver, Failed, Refresh, Send, Verdict
from credpool.model.recovery import RECOVERY, Row, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass, Scope
from credpool.rules.decide import decide

SPEC = Path(__file__).parents[2] / "spec" / "tables" / "recovery.yaml"
ROWS = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["rows"]
every_row = pytest.mark.parametrize("row", [pytest.param(r, id=r["class"]) for r in ROWS])

NOW = 1795392000.0
A, KEY, OWNER, OTHER = (EntryId(i) for i in ("a", "same-key", "same-owner", "other"))
HINT = 600.0


def test_every_class_has_one_row() -> None:
    """The specification's table has a row for each failure class, and no other."""
    assert sorted(r["class"] for r in ROWS) == sorted(c.value for c in FailureClass)
    assert set(RECOVERY) == set(FailureClass)


@every_row
def test_row_is_the_specifications(row: Mapping[str, object]) -> None:
    """Each row of the library's table holds what the specification's row says."""
    cooldown = FOREVER if row["cooldown"] == "forever" else row["cooldown"]

    assert RECOVERY[FailureClass(row["class"])] == Row(
        Step(row["action"]), cooldown, Scope(row["scope"]), hint=bool(row["hint"])
    )


@every_row
def test_first_reply_leads_to_the_action(row: Mapping[str, object]) -> None:
    """The first reply of a class is answered with the row's action."""
    made = _fail(_pool(row), Call(started=NOW, model="gpt-5"), row)

    assert made.call.attempts[-1].step.value == row["action"]
    assert type(made.action) is {"deliver": Deliver, "refresh": Refresh}.get(row["action"], Send)


@every_row
def test_second_reply_leads_to_what_then_says(row: Mapping[str, object]) -> None:
    """Only where the row has a second action is the same entry's second reply another matter."""
    first = _fail(_pool(row), Call(started=NOW, model="gpt-5"), row)
    same_again = row["action"] in ("retry", "refresh")

    second = _fail(first.state, first.call, row)

    assert (row["then"] is not None) == same_again
    assert second.call.attempts[-1].step.value == (row["then"] or row["action"])


@every_row
def test_cooldown_without_a_hint(row: Mapping[str, object]) -> None:
    """The entry is out for as long as the row says, and not at all where it says nothing."""
    entry = _settled(row, hint=None).find(A)

    assert entry is not None
    found = entry.cooldown or entry.models.get("gpt-5")
    assert _length(found) == (FOREVER if row["cooldown"] == "forever" else row["cooldown"])


@every_row
def test_hint_replaces_the_cooldown(row: Mapping[str, object]) -> None:
    """A hint counts where the row says so, and nowhere else."""
    entry = _settled(row, hint=HINT).find(A)

    assert entry is not None
    found = entry.cooldown or entry.models.get("gpt-5")
    assert (_length(found) == HINT) == row["hint"]


@every_row
def test_cooldown_rests_on_the_scope(row: Mapping[str, object]) -> None:
    """Those go out whom the row names: nobody, the entry and its twins, or its owner's too."""
    state = _settled(row, hint=None)

    out = {e.id for e in state.entries if e.cooldown is not None}
    for_the_model = {e.id for e in state.entries if e.models}
    assert (out, for_the_model) == {
        "entry": ({A, KEY}, set()),
        "owner": ({A, KEY, OWNER}, set()),
        "model": (set(), {A, KEY}),
        "call": (set(), set()),
        "none": (set(), set()),
    }[str(row["scope"])]


def _pool(row: Mapping[str, object]) -> PoolState:
    """Return a pool whose first entry has a twin and a sibling, and can be refreshed if it must."""
    first = Entry(
        id=A,
        secret=Secret("sk-one"),
        owner="organisation-1",
        refresh_token=Secret("rt-one") if row["action"] == "refresh" else None,
    )
    twin = Entry(id=KEY, secret=Secret("sk-one"))
    sibling = Entry(id=OWNER, secret=Secret("sk-two"), owner="organisation-1")
    other = Entry(id=OTHER, secret=Secret("sk-three"), owner="organisation-2")
    return PoolState(key="openai", provider="openai", entries=(first, twin, sibling, other))


def _fail(
    state: PoolState, call: Call, row: Mapping[str, object], hint: float | None = None
) -> Decision:
    failure = FailureClass(row["class"])
    verdict = Verdict(failure=failure, scope=Scope(row["scope"]), rule="test/rule", hint=hint)
    return decide(state, Failed(call, A, Secret("sk-one"), verdict), now=NOW, draw=0.0)


def _settled(row: Mapping[str, object], hint: float | None) -> PoolState:
    """Return the pool after as many replies of the class as it takes to settle the matter."""
    state = _pool(row)
    if row["action"] == "retry":
        state = state.change({A: replace(state.entries[0], marked=True)})
    made = _fail(state, Call(started=NOW, model="gpt-5"), row, hint)
    if isinstance(made.action, Refresh):
        made = _fail(made.state, made.call, row, hint)
    return made.state


def _length(cooldown: Cooldown | None) -> float | None:
    return None if cooldown is None else cooldown.until - cooldown.since
