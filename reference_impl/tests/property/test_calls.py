"""One call through any pool, whatever is answered; and any report, whatever it says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.messages import (
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
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.model.policy import Strategy
from credpool.model.recovery import RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass, Scope
from credpool.rules.decide import decide
from credpool.rules.select import available

NOW = 1795392000.0
quick = settings(max_examples=40)
MONTH = 31 * 86400.0
MODELS = st.none() | st.sampled_from(["gpt-5", "o3"])
Turn = tuple[PoolState, float, Message, Decision]

offsets = st.floats(min_value=-1e9, max_value=1e9) | st.sampled_from(
    [0.0, 1.0, 10.0, MONTH, FOREVER]
)
draws = st.floats(min_value=0, max_value=1, exclude_max=True)
cooldowns = st.builds(
    lambda failure, since, until: Cooldown(failure=failure, since=NOW - since, until=NOW + until),
    st.sampled_from(FailureClass),
    st.integers(0, 10_000),
    offsets,
)
entries = st.builds(
    Entry,
    id=st.just(EntryId("")),
    secret=st.none() | st.sampled_from("xyz").map(Secret),
    owner=st.none() | st.sampled_from(["o", "p"]),
    refresh_token=st.none() | st.just(Secret("rt")),
    cooldown=st.none() | cooldowns,
    models=st.dictionaries(st.sampled_from(["gpt-5", "o3"]), cooldowns, max_size=2),
    marked=st.booleans(),
    request_count=st.integers(0, 3),
    probed_at=st.none() | st.integers(0, 2000).map(lambda s: NOW - s),
    claim=st.none() | st.just(Claim(holder="other", until=NOW + 30)),
)
pools = st.builds(
    lambda rows, strategy, last: PoolState(
        key="p",
        provider="openai",
        entries=tuple(replace(e, id=EntryId(str(n))) for n, e in enumerate(rows)),
        strategy=strategy,
        last=EntryId(str(last)),
    ),
    st.lists(entries, max_size=5),
    st.sampled_from(Strategy),
    st.integers(0, 6),
)
verdicts = st.builds(
    lambda failure, hint, cooldown, scope: Verdict(
        failure=failure,
        scope=RECOVERY[failure].scope if RECOVERY[failure].cooldown is None else scope,
        rule="any",
        hint=hint,
        cooldown=cooldown,
    ),
    st.sampled_from(FailureClass),
    st.none() | offsets,
    st.none() | st.just(120.0),
    st.sampled_from([Scope.ENTRY, Scope.OWNER, Scope.MODEL]),
)


def turns(data: st.DataObject, state: PoolState, model: str | None) -> Iterator[Turn]:
    """Yield what happens to one call: the pool before, the moment, the event, the decision."""
    now: float = NOW
    event: Message = Started(Call(started=NOW, model=model))
    while True:
        made = decide(state, event, now=now, draw=data.draw(draws))
        yield state, now, event, made
        if isinstance(made.action, Deliver | GiveUp | Rest):
            return
        state = made.state
        event, until = _outcome(data, made, event)
        now = max(now, until)


def _outcome(data: st.DataObject, made: Decision, event: Message) -> tuple[Message, float]:
    """Draw what comes of the action, and when."""
    call = made.call
    match made.action:
        case Send(Entry(id=sent, secret=Secret() as secret)):
            return _reply(data, call, sent, secret), NOW
        case Wait(Entry(id=sent, secret=Secret() as secret), until):
            return _reply(data, call, sent, secret), until
        case Refresh(Entry(id=stale, secret=Secret() as secret)):
            return Claimed(call, stale, secret, "me"), NOW
        case AwaitClaim(until):
            return event, until
        case Exchange(Entry(id=mine)):
            outcomes: list[Message] = [
                Refreshed(call, mine, Grant(secret=Secret(f"new-{mine}"))),
                RefreshFailed(call, mine, terminal=False),
                RefreshFailed(call, mine, terminal=True),
            ]
            return data.draw(st.sampled_from(outcomes)), NOW
        case _:
            raise AssertionError(f"nothing can come of {made.action}")


def _reply(data: st.DataObject, call: Call, sent: EntryId, secret: Secret) -> Message:
    verdict = data.draw(st.none() | verdicts)
    return Succeeded(call, sent, secret) if verdict is None else Failed(call, sent, secret, verdict)


def running(state: PoolState, now: float) -> dict[tuple[EntryId, str | None], Cooldown]:
    """Return the cooldowns that run, by entry and model."""
    found: dict[tuple[EntryId, str | None], Cooldown] = {}
    for entry in state.entries:
        out = [(None, entry.cooldown), *entry.models.items()]
        found |= {(entry.id, m): c for m, c in out if c is not None and c.until > now}
    return found


@quick
@given(st.data(), pools, MODELS)
def test_a_call_ends_within_three_requests_an_entry(
    data: st.DataObject, state: PoolState, model: str | None
) -> None:
    """Whatever is answered, no entry is sent with more than three times, and the call ends."""
    sent: Counter[EntryId] = Counter()

    for _, _, _, made in turns(data, state, model):
        if isinstance(made.action, Send | Wait):
            sent[made.action.entry.id] += 1
            assert made.action.entry.secret is not None

    assert sent.total() <= 3 * len(state.entries)
    assert max(sent.values(), default=0) <= 3


@quick
@given(st.data(), pools, MODELS)
def test_a_call_does_not_forget_what_was_known_before(
    data: st.DataObject, state: PoolState, model: str | None
) -> None:
    """A cooldown that ran before the call ends no earlier after it, unless something proved it."""
    known, proven = running(state, NOW), False

    for _, now, event, made in turns(data, state, model):
        probed = isinstance(event, Succeeded) and event.call.probe
        proven = proven or probed or isinstance(event, Refreshed)
        after = running(made.state, NOW)
        for key, cooldown in known.items():
            if not proven and cooldown.until > now:
                assert after[key].until >= cooldown.until


@quick
@given(st.data(), pools, MODELS)
def test_a_call_tells_of_an_exhaustion_when_there_is_one(
    data: st.DataObject, state: PoolState, model: str | None
) -> None:
    """A call that ends as nobody is left tells of an exhausted pool exactly when it is one."""
    *_, (_, now, event, made) = turns(data, state, model)

    ready = available(made.state, now=now, model=model)

    if isinstance(made.action, GiveUp):
        assert not ready
    over = made.action.exhaustion if isinstance(made.action, Deliver) else None
    if over is not None and isinstance(event, Failed | RefreshFailed):
        assert over.is_whole == (not ready)


@quick
@given(pools, verdicts, MODELS, draws)
def test_a_new_cooldown_is_within_bounds(
    state: PoolState, verdict: Verdict, model: str | None, draw: float
) -> None:
    """A cooldown that a reply starts lasts from a second to 31 days, or for ever if it is revoked."""
    ids = [e.id for e in state.entries]

    for entry_id in ids:
        event = Failed(Call(started=NOW, model=model), entry_id, Secret("x"), verdict)
        made = decide(state, event, now=NOW, draw=draw)
        known = set(running(state, NOW).values())
        for cooldown in set(running(made.state, NOW).values()) - known:
            assert cooldown.since == NOW
            lasts = cooldown.until - NOW
            assert 1 <= lasts <= MONTH or cooldown.failure is FailureClass.AUTH_REVOKED


@quick
@given(pools, verdicts, MODELS, draws)
def test_a_report_of_an_unknown_entry_changes_nothing(
    state: PoolState, verdict: Verdict, model: str | None, draw: float
) -> None:
    """Whatever is said of an entry that is gone, every entry stays as it is."""
    call, gone = Call(started=NOW, model=model), EntryId("gone")
    unknown = Secret("sk-that-no-entry-holds")
    events: list[Message] = [
        Succeeded(call, gone, unknown),
        Failed(call, gone, unknown, verdict),
        Claimed(call, gone, unknown, "me"),
        Refreshed(call, gone, Grant(secret=Secret("new"))),
        RefreshFailed(call, gone, terminal=False),
        RefreshFailed(call, gone, terminal=True),
    ]

    made = [decide(state, e, now=NOW, draw=draw) for e in events]
    assert all(m.state.entries is state.entries for m in made)


@quick
@given(pools, verdicts, MODELS, draws)
def test_a_decision_is_the_same_each_time(
    state: PoolState, verdict: Verdict, model: str | None, draw: float
) -> None:
    """The same event in the same pool leads to the same decision, so that a store may replay it."""
    call = Call(started=NOW, model=model)
    events: list[Message] = [Started(call)]
    events += (Failed(call, e.id, Secret("x"), verdict) for e in state.entries)

    for event in events:
        once = decide(state, event, now=NOW, draw=draw)
        assert decide(state, event, now=NOW, draw=draw) == once
