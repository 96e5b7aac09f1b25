"""Random histories of a pool: every change of an entry's state is one that the specification draws.

The edges are those of `spec/tables/states.yaml`. A history is made of the library's own functions:
calls that overlap, refreshes, what a person does, what seeding finds, and time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

import yaml

from credpool.entries.edit import added, removed
from credpool.login.entries import Login, logged_in
from credpool.model.entry import Entry
from credpool.model.messages import (
    Action,
    AwaitClaim,
    Call,
    Claimed,
    Deliver,
    Exchange,
    Failed,
    Grant,
    Message,
    Refresh,
    Refreshed,
    RefreshFailed,
    Reset,
    Resumed,
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.model.recovery import RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId, FailureClass
from credpool.rules.decide import decide
from credpool.seed.found import Found, seeded

TABLE: Final = Path(__file__).parents[3] / "spec/tables/states.yaml"
HISTORIES, STEPS = 250, 250
NOW: Final = 1795392000.0
MODEL: Final = "gpt-5"
JUMPS: Final = (5.0, 70.0, 4000.0, 90000.0)

State = tuple[str, float]
Edge = tuple[str, str, str, str]


def drawn() -> set[Edge]:
    """Return the edges that the specification draws: from, cause, to, and where the end moves."""
    edges = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["edges"]
    return {(f, e["cause"], e["to"], e.get("end", "")) for e in edges for f in e["from"]}


def test_every_change_of_a_state_is_drawn() -> None:
    """Nothing leads from one state to another but what the specification's chart has."""
    assert observed() - drawn() == set()


def test_every_edge_that_is_drawn_happens() -> None:
    """Each edge of the specification's chart is seen in some history."""
    assert drawn() - observed() == set()


@cache
def observed() -> frozenset[Edge]:
    """Return every change of a state in the histories, which are the same each time."""
    worlds = (World(Random(seed)) for seed in range(HISTORIES))  # noqa: S311 (to be repeated)
    return frozenset(edge for world in worlds for edge in world.history())


@dataclass
class World:
    """A pool in use, and the calls that are open: each with its action and what it last asked."""

    dice: Random
    now: float = NOW
    state: PoolState = field(
        default_factory=lambda: PoolState(key="openai", provider="openai", entries=())
    )
    calls: dict[int, tuple[Call, Action, Message]] = field(default_factory=dict)
    serial: int = 0
    ends: bool = False
    """Whether the latest decision has ended a call with a failure."""

    def history(self) -> Iterator[Edge]:
        """Yield the changes of states that a series of random steps leads to."""
        for _ in range(STEPS):
            before = self._states()
            for event in self.dice.choice(self._steps())():
                after = self._states()
                yield from _edges(before, event, after, ends=self.ends)
                before = after

    def _steps(self) -> list[Callable[[], Iterator[str]]]:
        people = [self._add, self._find, self._find, *[self._log_in] * 2, self._remove, self._reset]
        return [*people, *[self._call] * 40, *[self._time] * 5]

    def _states(self) -> dict[EntryId, State]:
        return {e.id: _state(e, self.now) for e in self.state.entries}

    def _time(self) -> Iterator[str]:
        self.now += self.dice.choice(JUMPS)
        yield "time"

    def _add(self) -> Iterator[str]:
        owner = self.dice.choice([None, "organisation-1"])
        if len(self.state.entries) < 3:
            name = self._name()
            new = Entry(id=EntryId(name), secret=Secret(f"sk-{name}"), owner=owner)
            self.state = added(self.state, new)
        yield "added"

    def _find(self) -> Iterator[str]:
        secret = Secret(self.dice.choice(["sk-found", "sk-changed"]))
        known = any(e.source == "env:KEY" for e in self.state.entries)
        found = Found(source="env:KEY", secret=secret)
        self.state = seeded(replace(self.state, suppressed=frozenset()), [found])
        yield "changed-secret" if known else "added"

    def _log_in(self) -> Iterator[str]:
        name = self._name()
        grant = Grant(
            secret=Secret(f"at-{name}"),
            refresh_token=Secret(f"rt-{name}"),
            expires_at=self.now + self.dice.choice([10.0, 60.0, 100.0]),
        )
        account = self.dice.choice(["person-1", "person-2"])
        login = Login(grant=grant, account=account, token_url="https://auth.example.com/token")
        known = {e.id for e in self.state.entries}
        new = Entry(id=EntryId(name), auth_type=AuthType.OAUTH)
        self.state = logged_in(self.state, login, into=None, new=new)
        yield "login" if {e.id for e in self.state.entries} == known else "added"

    def _remove(self) -> Iterator[str]:
        if self.state.entries and self.dice.random() < 0.3:
            self.state = removed(self.state, self.dice.choice(self.state.entries).id)
        yield "removed"

    def _reset(self) -> Iterator[str]:
        one = self.dice.choice([None, *(e.id for e in self.state.entries)])
        self._happens(Reset(one))
        yield "reset"

    def _call(self) -> Iterator[str]:
        """Begin a call, or let something come of what an open one does."""
        event: Message | None
        if not self.calls or (len(self.calls) < 4 and self.dice.random() < 0.4):
            event = Started(Call(started=self.now, model=MODEL))
            number = int(self._name())
        else:
            number = self.dice.choice([*self.calls])
            action = self.calls[number][1]
            if isinstance(action, Wait) and action.until > self.now:
                self.now = action.until
                yield "time"
            event = self._outcome(number)
        if event is None:
            del self.calls[number]
            return
        self._happens(event, number)
        yield _word(event)

    def _outcome(self, number: int) -> Message | None:
        """Return something that can come of an open call's action; None where it has ended."""
        call, action, asked = self.calls[number]
        match action:
            case Send(Entry(id=sent, secret=Secret() as secret)):
                verdict = self._verdict()
                if verdict:
                    return Failed(call, sent, secret, verdict)
                return Succeeded(call, sent, secret)
            case Wait(Entry(id=sent, secret=Secret() as secret)):
                return Resumed(call, sent, secret)
            case Refresh(Entry(id=stale, secret=Secret() as secret)):
                return Claimed(call, stale, secret, f"holder-{number}")
            case AwaitClaim() if isinstance(asked, Claimed):
                return replace(asked, call=call, waits_since=asked.waits_since or self.now)
            case Exchange(entry):
                return self._exchanged(call, entry)
            case _:
                return None

    def _exchanged(self, call: Call, entry: Entry) -> Message:
        name, holder = self._name(), entry.claim.holder if entry.claim is not None else None
        if self.dice.random() < 0.5:
            end = self.now + 3600
            new = Grant(secret=Secret(f"at-{name}"), refresh_token=Secret(f"rt-{name}"))
            bought = replace(new, expires_at=end, replaces=entry.secret, spent=entry.refresh_token)
            return Refreshed(call, entry.id, bought, holder)
        terminal = self.dice.random() < 0.5
        return RefreshFailed(call, entry.id, terminal=terminal, secret=entry.secret, holder=holder)

    def _verdict(self) -> Verdict | None:
        if self.dice.random() < 0.2:
            return None
        often = [*[FailureClass.RATE_LIMITED] * 12, *[FailureClass.AUTH_REVOKED] * 2]
        failure = self.dice.choice([*FailureClass, *often])
        hint = self.dice.choice([None, None, None, 3.0, 7200.0])
        return Verdict(failure=failure, scope=RECOVERY[failure].scope, rule="any", hint=hint)

    def _happens(self, event: Message, number: int = 0) -> None:
        """Let the pool decide; a call that was only looked at goes on as it was."""
        made = decide(self.state, event, now=self.now, draw=self.dice.random())
        self.state, self.ends = made.state, isinstance(made.action, Deliver)
        if isinstance(event, Refreshed | RefreshFailed):  # whoever has refreshed looks again
            _, _, asked = self.calls[number]
            self.calls[number] = made.call, AwaitClaim(self.now), asked
        elif not isinstance(event, Reset):
            self.calls[number] = made.call, made.action, event

    def _name(self) -> str:
        self.serial += 1
        return str(self.serial)


def _word(event: Message) -> str:
    """Return the name of an event in the specification's table, or one that is not in it."""
    match event:
        case Succeeded(call):
            return "probe-succeeds" if call.probe else "success"
        case Failed(verdict=Verdict(failure=FailureClass.AUTH_REVOKED)):
            return "terminal"
        case Failed():
            return "failure"
        case RefreshFailed(terminal=True):
            return "terminal"
        case RefreshFailed() | Claimed():  # who has waited learns that a refresh has failed
            return "refresh-fails"
        case Refreshed():
            return "new-tokens"
        case _:
            return "chosen"


def _state(entry: Entry, now: float) -> State:
    out = entry.blocked(now, MODEL)
    if entry.dead:
        return "dead", 0.0
    return ("available", 0.0) if out is None else ("out", out.until)


def _edges(
    before: dict[EntryId, State], event: str, after: dict[EntryId, State], *, ends: bool
) -> Iterator[Edge]:
    """Yield what has changed, entry by entry; a call that ends can let cooldowns end earlier."""
    nobody: State = ("none", 0.0)
    for one in before.keys() | after.keys():
        (old, until), (new, end) = before.get(one, nobody), after.get(one, nobody)
        if old != new:
            yield old, event, new, ""
        elif end > until:
            yield old, event, new, "later"
        elif end < until:
            yield old, "call-ends" if ends else event, new, "earlier"
