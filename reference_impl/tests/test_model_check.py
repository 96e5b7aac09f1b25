"""Every course that concurrent calls can take through a small pool, and what holds in all of them.

A world is a pool, a moment, and the calls that are open. From each world every reply, every outcome
of a refresh and every step of the clock is tried, until no new world is found.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.messages import (
    Action,
    AwaitClaim,
    Call,
    Claimed,
    Decision,
    Deliver,
    Exchange,
    Failed,
    GiveUp,
    Grant,
    Message,
    Refresh,
    Refreshed,
    RefreshFailed,
    Rest,
    Resumed,
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.model.policy import Strategy
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass, Scope
from credpool.rules.decide import decide
from credpool.rules.select import available

NOW = 1795392000.0
MODEL = "gpt-5"


def verdict(
    rule: str, failure: FailureClass, *, hint: float | None = None, scope: Scope | None = None
) -> Verdict:
    """Return a verdict by a rule of that name, which its cooldowns give as their reason."""
    return Verdict(failure=failure, scope=scope or RECOVERY[failure].scope, rule=rule, hint=hint)


PLAIN = verdict("plain", FailureClass.RATE_LIMITED)
PER_MODEL = verdict("per-model", FailureClass.RATE_LIMITED, scope=Scope.MODEL)
SHORT = verdict("short", FailureClass.RATE_LIMITED, hint=3)
LONG = verdict("long", FailureClass.RATE_LIMITED, hint=7200)
CAP = verdict("cap", FailureClass.USAGE_LIMITED, hint=604800)
REFUSED = verdict("refused", FailureClass.AUTH_REJECTED)
REVOKED = verdict("revoked", FailureClass.AUTH_REVOKED)
FORBIDDEN = verdict("forbidden", FailureClass.FORBIDDEN)
OVERLOADED = verdict("overloaded", FailureClass.OVERLOADED)


def key(name: str, *, secret: str | None = None, owner: str | None = None) -> Entry:
    """Return an entry that cannot be refreshed."""
    return Entry(id=EntryId(name), secret=Secret(secret or f"sk-{name}"), owner=owner)


def login(name: str) -> Entry:
    """Return an entry that can be refreshed."""
    return replace(key(name), refresh_token=Secret(f"rt-{name}"))


def resting(name: str) -> Entry:
    """Return an entry that has been out for over an hour, and will be for a week."""
    cap = Cooldown(failure=CAP.failure, since=NOW - 3601, until=NOW + 604800, reason=CAP.rule)
    return replace(key(name), cooldown=cap)


def pool(*entries: Entry, strategy: Strategy = Strategy.FILL_FIRST) -> PoolState:
    """Return a pool of these entries."""
    return PoolState(key="p", provider="openai", entries=entries, strategy=strategy)


@dataclass(frozen=True, slots=True)
class Open:
    """A call that waits for the outcome of an action; `claim` is what it asks for meanwhile."""

    number: int
    call: Call
    action: Action
    claim: Claimed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A pool in use; `starts` calls may yet begin, and the clock may yet make those steps."""

    state: PoolState
    now: float = NOW
    starts: int = 1
    steps: tuple[float, ...] = ()
    calls: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One event in a world, at a moment, and what the rules made of it."""

    world: World
    event: Message
    now: float
    made: Decision


PAIR = pool(key("a"), key("b"))
COURSES = {
    "two calls on two keys": (
        World(state=PAIR, starts=2),
        (PLAIN, PER_MODEL, LONG, CAP),
    ),
    "two calls on a login and a key": (
        World(state=pool(login("a"), key("b")), starts=2),
        (REFUSED, CAP, REVOKED),
    ),
    "two calls on a login that is throttled": (
        World(state=pool(login("a")), starts=2),
        (REFUSED, PLAIN),
    ),
    "a call on three keys and every refusal": (
        World(state=pool(key("a"), key("b"), key("c"), strategy=Strategy.ROUND_ROBIN)),
        (PLAIN, PER_MODEL, SHORT, CAP, REFUSED, FORBIDDEN, OVERLOADED),
    ),
    "two calls on a twin and a sibling": (
        World(
            state=pool(key("a", owner="o"), key("twin", secret="sk-a"), key("sibling", owner="o")),
            starts=2,
        ),
        (PLAIN, CAP, FORBIDDEN),
    ),
    "two calls as the time goes by": (
        World(state=PAIR, starts=2, steps=(3700.0,)),
        (PLAIN, REVOKED),
    ),
    "two calls that probe": (
        World(state=pool(resting("a"), resting("b")), starts=2, steps=(900.0,)),
        (PLAIN, CAP, REVOKED),
    ),
}
every_course = pytest.mark.parametrize("name", COURSES)


@cache
def course(name: str) -> tuple[tuple[World, ...], tuple[Move, ...]]:
    """Return every world that can be reached, and every move between them."""
    first, verdicts = COURSES[name]
    seen, waiting, made = {_key(first): first}, deque([first]), []
    while waiting:
        for move, after in _from(waiting.popleft(), verdicts):
            made += [move] if move is not None else []
            if (known := _key(after)) not in seen:
                seen[known] = after
                waiting.append(after)
    return tuple(seen.values()), tuple(made)


def _from(world: World, verdicts: Iterable[Verdict]) -> Iterator[tuple[Move | None, World]]:
    for n, step in enumerate(world.steps):
        yield None, replace(world, now=world.now + step, steps=world.steps[n + 1 :])
    if world.starts:
        begun = replace(world, starts=world.starts - 1)
        started = Started(Call(started=world.now, model=MODEL))
        yield _moved(begun, world.calls, world.starts, started, world.now)
    for n, known in enumerate(world.calls):
        others = world.calls[:n] + world.calls[n + 1 :]
        for event, now in _outcomes(known, world.now, verdicts):
            yield _moved(world, others, known.number, event, now, known.claim)


def _moved(
    world: World,
    others: tuple[Open, ...],
    number: int,
    event: Message,
    now: float,
    asked: Claimed | None = None,
) -> tuple[Move, World]:
    made = decide(world.state, event, now=now, draw=0.0)
    action, claim = made.action, event if isinstance(event, Claimed) else None
    if isinstance(event, Refreshed | RefreshFailed):  # whoever has refreshed looks like the others
        action, claim = AwaitClaim(now), asked
    if claim is not None:
        waits = claim.waits_since if claim.waits_since is not None else now
        since = waits if isinstance(made.action, AwaitClaim) else claim.waits_since
        claim = replace(claim, call=made.call, waits_since=since)
    ended = isinstance(action, Deliver | GiveUp | Rest)
    still = () if ended else (Open(number, made.call, action, claim),)
    after = replace(world, state=made.state, now=now, calls=(*others, *still))
    return Move(world=world, event=event, now=now, made=made), after


def _outcomes(
    known: Open, now: float, verdicts: Iterable[Verdict]
) -> Iterator[tuple[Message, float]]:
    """Yield what can come of an open call's action, and when."""
    call = known.call
    match known.action:
        case Send(Entry(id=sent, secret=Secret() as secret)):
            yield Succeeded(call, sent, secret), now
            yield from ((Failed(call, sent, secret, v), now) for v in verdicts)
        case Wait(Entry(id=sent, secret=Secret() as secret), until):
            yield Resumed(call, sent, secret), max(now, until)
        case Refresh(Entry(id=stale, secret=Secret() as secret)):
            yield Claimed(call, stale, secret, f"holder-{known.number}"), now
        case Exchange(Entry(id=mine, secret=Secret() as secret, claim=Claim(holder=holder)) as old):
            new = Secret(f"{secret.reveal()}-new")
            grant = Grant(secret=new, replaces=secret, spent=old.refresh_token)
            yield Refreshed(call, mine, grant, holder), now
            failed = RefreshFailed(call, mine, terminal=False, secret=secret, holder=holder)
            yield failed, now
            yield replace(failed, unanswered=True), now
            yield replace(failed, terminal=True), now
        case AwaitClaim(until) if known.claim is not None:
            yield known.claim, now
            yield known.claim, max(now, until)


def _key(world: World) -> object:
    """Return what tells worlds apart; in which order the open calls are listed does not."""
    entries = tuple(
        (
            *(e.secret, e.cooldown, tuple(e.models.items()), e.marked),
            *(e.probed_at, e.claim, e.refresh_failed_at),
        )
        for e in world.state.entries
    )
    calls = frozenset((o.number, o.call, type(o.action), o.claim) for o in world.calls)
    return entries, world.state.last, world.now, world.starts, world.steps, calls


def failures(name: str) -> Iterator[tuple[Move, Failed]]:
    """Yield the moves in which the provider refused."""
    for move in course(name)[1]:
        if isinstance(move.event, Failed):
            yield move, move.event


def running(move: Move) -> Iterator[tuple[Cooldown, Cooldown | None]]:
    """Yield each cooldown that was running, as it was and as it is now."""
    for old, new in zip(move.world.state.entries, move.made.state.entries, strict=True):
        pairs = [(old.cooldown, new.cooldown)]
        pairs += [(c, new.models.get(m)) for m, c in old.models.items()]
        yield from ((b, a) for b, a in pairs if b is not None and b.until > move.now)


def left(move: Move, call: Call) -> list[EntryId]:
    """Return the available entries whose secrets the call has not tried."""
    tried = {e.secret for e in move.made.state.entries if call.tried(e.id)}
    ready = available(move.made.state, now=move.now, model=MODEL)
    return [e.id for e in ready if e.secret not in tried]


def test_the_courses_are_many() -> None:
    """The courses together have over 7,000 worlds and 20,000 moves, with every event and action."""
    found = [course(name) for name in COURSES]
    all_moves = [move for _, made in found for move in made]

    assert sum(len(worlds) for worlds, _ in found) > 7_000
    assert len(all_moves) > 20_000
    assert {type(m.event) for m in all_moves} == {
        *(Started, Succeeded, Failed, Claimed, Resumed, Refreshed, RefreshFailed)
    }
    assert {type(m.made.action) for m in all_moves} == {
        *(Send, Wait, Refresh, Exchange, AwaitClaim, Deliver, GiveUp, Rest)
    }


@every_course
def test_no_report_shortens_a_cooldown(name: str) -> None:
    """A running cooldown ends no earlier, except for what the outage guard cuts of its own call's."""
    for move in course(name)[1]:
        if isinstance(move.event, Refreshed | Succeeded):
            continue
        for before, after in running(move):
            assert after is not None
            assert after.until >= before.until or _is_guarded(move, before, after)


def _is_guarded(move: Move, before: Cooldown, after: Cooldown) -> bool:
    """Whether it is a guess of this call's, and whoever it tried was throttled without a hint at last."""
    call = move.made.call
    last = {a.entry: (a.failure, a.hinted) for a in call.attempts}
    return (
        set(last.values()) == {(FailureClass.RATE_LIMITED, False)}
        and len(last) >= 2
        and last.keys() >= set(call.renewed)
        and before.reason in {PLAIN.rule, PER_MODEL.rule}
        and before.since >= call.started
        and after == replace(before, until=move.now + 60)
    )


@every_course
def test_no_success_ends_a_cooldown_unless_it_is_a_probes(name: str) -> None:
    """A reply that was under way is no proof against a later refusal."""
    for move in course(name)[1]:
        if isinstance(move.event, Succeeded) and not move.event.call.probe:
            assert all(before is after for before, after in running(move))


@every_course
def test_a_failed_probe_changes_nothing(name: str) -> None:
    """What a probe fails with was known already, unless it is the entry's death."""
    for move, event in failures(name):
        if event.call.probe and event.verdict.failure is not FailureClass.AUTH_REVOKED:
            made, before = move.made.state, move.world.state
            assert made is before or replace(made, last=before.last) == before  # a turn is none


@every_course
def test_rotation_is_progress(name: str) -> None:
    """After a failure the next entry is available and untried, or the same one once more."""
    for move in course(name)[1]:
        match move.event, move.made.action:
            case Failed(call, same), (Send(entry) | Wait(entry)) if entry.id == same:
                step = move.made.call.attempts[-1].step
                assert step in (Step.RETRY, Step.REFRESH)
                assert not call.did(step, same)
            case (
                (Failed(call, failed) | Claimed(call, failed) | Resumed(call, failed)),
                Send(entry),
            ) if entry.id != failed:
                tried = [e.secret for e in move.world.state.entries if call.tried(e.id)]
                assert entry in available(move.made.state, now=move.now, model=MODEL)
                assert entry.secret not in tried


@every_course
def test_a_call_ends_only_when_it_must(name: str) -> None:
    """A call that rotates ends when no untried available entry is left, and not before."""
    for move, event in failures(name):
        row = RECOVERY[event.verdict.failure]
        if isinstance(move.made.action, Deliver) and row.step is not Step.DELIVER:
            assert event.call.probe or left(move, move.made.call) == []


@every_course
def test_a_call_is_bounded(name: str) -> None:
    """A call sends once with an entry, once more after a rate limit, and once after a refresh."""
    for move in course(name)[1]:
        steps = Counter((a.entry, a.step) for a in move.made.call.attempts)
        sent = Counter(a.entry for a in move.made.call.attempts)
        for entry_id, times in sent.items():
            retried, refreshed = steps[entry_id, Step.RETRY], steps[entry_id, Step.REFRESH]
            assert max(retried, refreshed) <= 1
            assert times <= 1 + retried + refreshed


@every_course
def test_an_exhaustion_is_told_exactly_when_nobody_is_available(name: str) -> None:
    """A delivered failure tells of an exhausted pool if, and only if, it is one."""
    for move in course(name)[1]:
        ready = available(move.made.state, now=move.now, model=MODEL)
        match move.event, move.made.action:
            case ((Failed() | Claimed() | Resumed()), Deliver(exhaustion)):
                assert (exhaustion is not None and exhaustion.is_whole) == (not ready)
            case Started(), GiveUp(exhaustion):
                assert not ready
                assert len(exhaustion.entries) == len(move.made.state.entries)
            case Started(), Send(entry):
                assert move.made.call.probe or entry in ready


@every_course
def test_only_the_credentials_own_failures_bench(name: str) -> None:
    """What says nothing about a credential leaves every entry as it is."""
    for move, event in failures(name):
        if RECOVERY[event.verdict.failure].cooldown is None:
            assert move.made.state.entries == move.world.state.entries


@every_course
def test_only_those_concerned_change(name: str) -> None:
    """A failure starts cooldowns for the entry, its twins and, for a cap, its owner's alone."""
    for move, event in failures(name):
        blamed = move.world.state.find(event.entry)
        assert blamed is not None
        for old, new in zip(move.world.state.entries, move.made.state.entries, strict=True):
            twin = old.id == event.entry or old.secret == event.secret
            sibling = event.verdict.scope is Scope.OWNER and old.owner == blamed.owner is not None
            assert twin or sibling or old.blocked(move.now, MODEL) or old == new


@every_course
def test_nothing_is_done_with_the_dead(name: str) -> None:
    """No decision sends, retries, refreshes or probes an entry that is dead."""
    for move in course(name)[1]:
        match move.made.action:
            case Send(entry) | Wait(entry) | Refresh(entry) | Exchange(entry):
                now = move.made.state.find(entry.id)
                assert now is not None
                assert not now.dead


@every_course
def test_a_grant_is_exchanged_by_one_call_at_a_time(name: str) -> None:
    """While a claim runs, nobody but its holder exchanges the refresh token."""
    for world in course(name)[0]:
        claims = [o.action.entry.claim for o in world.calls if isinstance(o.action, Exchange)]
        holding = [c for c in claims if c is not None and c.until > world.now]
        assert len(holding) <= 1


@every_course
def test_a_call_asks_for_an_entrys_tokens_once(name: str) -> None:
    """Whatever comes of it, and however often the call is refused: one request for each entry."""
    for move in course(name)[1]:
        if isinstance(move.made.action, Exchange):
            renewed = move.made.call.renewed
            assert len(set(renewed)) == len(renewed)


@every_course
def test_a_call_that_has_waited_looks_again(name: str) -> None:
    """It sends what the entry holds by then, and never with an entry that has gone out."""
    for move in course(name)[1]:
        match move.event, move.made.action:
            case ((Claimed(call, known) | Resumed(call, known)), Send(entry)) if entry.id == known:
                assert entry == move.world.state.find(known)
                assert call.probe or entry.blocked(move.now, MODEL) is None


@every_course
def test_every_call_can_go_on(name: str) -> None:
    """No world leaves an open call without anything that could happen next."""
    for world in course(name)[0]:
        assert all(list(_outcomes(o, world.now, (OVERLOADED,))) for o in world.calls)
