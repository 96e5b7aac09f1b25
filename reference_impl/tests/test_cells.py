"""Every cell of the decision table: the library is brought into the situation and does what is asked.

The cells are the specification's (`docs/data/cells.json`): what a call does after a failure of each
class in each situation, and what happens to the entry.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import yaml

from credpool import Pool
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Cooldown, Entry
from credpool.model.messages import (
    Call,
    Claimed,
    Decision,
    Deliver,
    Exchange,
    Failed,
    Grant,
    Message,
    Refresh,
    Refreshed,
    Send,
    Started,
    Verdict,
    Wait,
)
from credpool.model.recovery import RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.rules.decide import decide
from credpool.testing import FakeClock

ROOT = Path(__file__).parents[2]
CELLS = json.loads((ROOT / "docs/data/cells.json").read_text(encoding="utf-8"))["cells"]
RULES = yaml.safe_load((ROOT / "spec/registry/generic.yaml").read_text(encoding="utf-8"))["rules"]
FAILING = [c for c in CELLS if c["situation"] != "in-band"]
IN_BAND = [c for c in CELLS if c["situation"] == "in-band"]

NOW = 1795392000.0
MODEL = "gpt-5"
A, OTHER = EntryId("a"), EntryId("other")
HINTS = {"short-hint": 5.0, "long-hint": 600.0}
AGAIN = {"second", "sole", "nobody-left"}
OUT = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=NOW - 3601, until=NOW + 30)
"""It ends sooner than any cooldown that could take its place."""

Asked = Mapping[str, str]


def _cell(cells: list[Asked]) -> pytest.MarkDecorator:
    shown = [pytest.param(c, id=f"{c['class']}, {c['situation']}") for c in cells]
    return pytest.mark.parametrize("cell", shown)


def test_every_class_has_every_situation() -> None:
    """Each class has the same situations, and they are those that this module can bring about."""
    found = {c: {e["situation"] for e in CELLS if e["class"] == c.value} for c in FailureClass}

    assert {frozenset(names) for names in found.values()} == {
        frozenset({"first", "probing", "gone-out", "in-band", *AGAIN, *HINTS})
    }


@_cell(FAILING)
def test_a_failure_leads_to_what_its_cell_says(cell: Asked) -> None:
    """The action of the call, and what it does to the entry, are those of the cell."""
    failure, situation = FailureClass(cell["class"]), cell["situation"]
    state = _pool(failure, situation)
    hint = HINTS.get(situation)

    made = _settled(state, failure, situation, hint)

    assert _action(made) == cell["action"]
    before = replace(_entry(state), cooldown=OUT) if situation == "gone-out" else _entry(state)
    assert _effect(before, _entry(made.state), failure, hint) == cell["effect"]


@_cell([c for c in FAILING if c["situation"] == "nobody-left"])
def test_the_others_that_the_call_tried_went_out_alike(cell: Asked) -> None:
    """Whoever the call tried before meets the same end as the entry that was tried last."""
    failure = FailureClass(cell["class"])
    state = _pool(failure, "nobody-left")

    made = _settled(state, failure, "nobody-left", None)

    ends = {_until(e) for e in made.state.entries}
    assert len(ends) == 1


@_cell(IN_BAND)
def test_a_failure_within_a_success_leads_to_what_its_cell_says(cell: Asked) -> None:
    """The reply is delivered, after one request, and its entry has had a success."""
    example = next(r["example"] for r in RULES if r["class"] == cell["class"])
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, content=json.dumps(example["body"]).encode())

    marked = Entry(id=A, secret=Secret("sk-a"), marked=True)
    rows = [marked, Entry(id=OTHER, secret=Secret("sk-other"))]
    pool = Pool.from_entries("openai", rows, clock=FakeClock(NOW))
    with httpx2.Client(auth=PoolAuth(pool), transport=httpx2.MockTransport(answer)) as client:
        reply = client.post("https://api.openai.com/v1/chat/completions", json={"model": MODEL})

    assert (cell["action"], cell["effect"]) == ("deliver", "success")
    assert (reply.status_code, len(sent)) == (200, 1)
    assert pool.state.entries[0] == replace(marked, marked=False, request_count=1)
    assert all(e.blocked(NOW, MODEL) is None for e in pool.state.entries)


@dataclass
class Course:
    """One call, from its start to the decision after its latest failure."""

    made: Decision

    def fail(self, failure: FailureClass, hint: float | None) -> Decision:
        """Let the request that is to be sent fail, after whatever has to come before it."""
        entry = self._sent()
        verdict = Verdict(failure=failure, scope=RECOVERY[failure].scope, rule="any", hint=hint)
        assert entry.secret is not None
        self._happens(Failed(self.made.call, entry.id, entry.secret, verdict))
        return self.made

    def _sent(self) -> Entry:
        """Return the entry that the call sends with; a refresh brings a new token."""
        if isinstance(self.made.action, Refresh):
            entry = self.made.action.entry
            assert entry.secret is not None
            asked = Claimed(self.made.call, entry.id, entry.secret, "me")
            self._happens(asked)
            assert isinstance(self.made.action, Exchange)
            grant = Grant(secret=Secret(f"at-{entry.id}"), replaces=entry.secret)
            self._happens(Refreshed(self.made.call, entry.id, grant, "me"))
            self._happens(replace(asked, call=self.made.call))
        assert isinstance(self.made.action, Send | Wait)
        return self.made.action.entry

    def _happens(self, event: Message) -> None:
        self.made = decide(self.made.state, event, now=NOW, draw=0.0)


def _settled(
    state: PoolState, failure: FailureClass, situation: str, hint: float | None
) -> Decision:
    """Return what is decided after the failure of the entry in that situation."""
    course = Course(decide(state, Started(Call(started=NOW, model=MODEL)), now=NOW, draw=0.0))
    if situation == "nobody-left":
        _go_past_the_other(course, failure)
    if situation == "gone-out":
        out = state.change({A: replace(_entry(state), cooldown=OUT)})
        course.made = replace(course.made, state=out)
    made = course.fail(failure, hint)
    if situation not in AGAIN:
        return made
    if made.call.attempts[-1].step.value in ("retry", "refresh"):
        return course.fail(failure, hint)
    overlapping = replace(made.call, attempts=made.call.attempts[:-1])  # it was sent before
    course = Course(replace(made, call=overlapping, action=Send(_entry(state))))
    return course.fail(failure, hint)


def _go_past_the_other(course: Course, failure: FailureClass) -> None:
    """Let the call fail with the other entry, by a refusal that lets it go on if this one ends it."""
    ends_it = RECOVERY[failure].step.value == "deliver"
    for _ in range(2):  # a second failure where the first one is tried again
        if getattr(course.made.action, "entry", None) != _entry(course.made.state):
            course.fail(FailureClass.FORBIDDEN if ends_it else failure, None)


def _pool(failure: FailureClass, situation: str) -> PoolState:
    """Return a pool in which the entry will be chosen in that situation."""
    token = Secret("rt-a") if failure is FailureClass.AUTH_EXPIRED else None
    entry = Entry(id=A, secret=Secret("sk-a"), refresh_token=token)
    rest = Secret("rt-other") if token is not None else None
    other = Entry(id=OTHER, secret=Secret("sk-other"), refresh_token=rest)
    match situation:
        case "sole":
            return _state(entry)
        case "nobody-left":
            return _state(other, entry)
        case "probing":
            return _state(replace(entry, cooldown=OUT))
        case _:
            return _state(entry, other)


def _state(*entries: Entry) -> PoolState:
    return PoolState(key="openai", provider="openai", entries=entries)


def _entry(state: PoolState) -> Entry:
    entry = state.find(A)
    assert entry is not None
    return entry


def _action(made: Decision) -> str:
    """Return what the call says it did, if that is what it goes on to do."""
    word, action = made.call.attempts[-1].step.value, made.action
    match action:
        case Send(entry) | Wait(entry) if entry.id == A:
            does = {"retry"}
        case Send(_):
            does = {"rotate", "try-next"}
        case Refresh(entry):
            does = {"refresh"} if entry.id == A else {"rotate"}
        case Deliver():
            does = {"deliver"}
        case _:
            does = set()
    return word if word in does else f"{word}, and then {action}"


def _effect(before: Entry, after: Entry, failure: FailureClass, hint: float | None) -> str:
    """Return what has happened to the entry, by what can be seen of it."""
    if after.dead:
        return "dead"
    if _until(after) == _until(before):
        changed = {after.marked, before.marked} == {True, False}
        return "mark" if changed else "none"
    lasts = (_until(after) or NOW) - NOW
    known = {"hint": hint, "sole": 60.0, "default": RECOVERY[failure].cooldown}
    return next((name for name, length in known.items() if length == lasts), f"out for {lasts} s")


def _until(entry: Entry) -> float | None:
    found = (entry.cooldown, entry.models.get(MODEL))
    return max((c.until for c in found if c is not None), default=None)
