"""What a pool tells of by itself."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import httpx2
import pytest
import yaml

from credpool import (
    AuthType,
    Cooldown,
    Entry,
    EntryId,
    Exhaustion,
    FailureClass,
    Payer,
    Policy,
    Pool,
    PoolExhausted,
    PoolState,
    Secret,
    events,
)
from credpool._calls.call import ActiveCall
from credpool.events.log import log
from credpool.events.report import report_event
from credpool.httpx2 import PoolAuth
from credpool.model.messages import (
    Attempt,
    Call,
    Claimed,
    Failed,
    Grant,
    Refreshed,
    RefreshFailed,
    Send,
    Verdict,
)
from credpool.model.recovery import Step
from credpool.model.terms import Scope
from credpool.pool import engine_of
from credpool.testing import FakeClock, FakeProvider, FakeReply

NOW = 1795392000.0
A, B = EntryId("a"), EntryId("b")
SPEC = Path(__file__).parents[2] / "spec" / "tables" / "events.yaml"
ROWS: list[Mapping[str, object]] = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["rows"]
OVER = Exhaustion(returns_at=NOW + 60, entries=())
CAP = FailureClass.USAGE_LIMITED
EACH: dict[str, events.Event] = {
    "entry.unusable": events.EntryUnusable(A, "its secret has a blank in it"),
    "entry.refreshed": events.EntryRefreshed(A),
    "refresh.failed": events.RefreshFailed(A, terminal=True),
    "entry.cooled": events.EntryCooled(A, CAP, NOW, "large"),
    "entry.died": events.EntryDied(A, FailureClass.AUTH_REVOKED),
    "entry.recovered": events.EntryRecovered(A, None),
    "owner.shared": events.OwnerShared("acme", (A, B)),
    "entry.switched": events.EntrySwitched(A, B, CAP),
    "payer.changed": events.PayerChanged(A, B, Payer.SUBSCRIPTION, Payer.METERED),
    "pool.exhausted": events.PoolExhausted(OVER),
}
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
URL = "https://api.openai.com/v1/chat/completions"


@pytest.mark.parametrize("row", [pytest.param(row, id=str(row["event"])) for row in ROWS])
def test_event_is_the_specifications(row: Mapping[str, object]) -> None:
    """Each event of the library has the name and the fields of its row, in their order."""
    told = report_event(EACH[str(row["event"])])

    fields = row["fields"]
    assert isinstance(fields, dict)
    assert list(told) == ["event", *fields]
    assert told["event"] == row["event"]


def test_the_vocabulary_is_closed() -> None:
    """There is a class for each row of the table, and no other."""
    assert [row["event"] for row in ROWS] == [kind.name for kind in get_args(events.Event)]
    assert len(EACH) == len(ROWS)


def entry(name: str, **known: object) -> Entry:
    """Return an entry."""
    made = Entry(id=EntryId(name), secret=Secret(f"sk-made-up-{name}"))
    return replace(made, **known)  # type: ignore[arg-type]


def heard(pool: Pool) -> list[events.Event]:
    """Listen to a pool."""
    told: list[events.Event] = []
    pool.listen(told.append)
    return told


def send(pool: Pool, provider: FakeProvider) -> None:
    """Make one call."""
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        client.post(URL, json={"model": "gpt-5"})


def test_a_healthy_call_tells_nothing() -> None:
    """A success with the entry that is in use is no event."""
    pool = Pool.from_entries("openai", [entry("a"), entry("b")])
    told = heard(pool)

    for _ in range(3):
        send(pool, FakeProvider({"sk-made-up-a": [FakeReply.json({})] * 3}))

    assert told == []


def test_a_rotation_and_the_return_are_told() -> None:
    """Who went out, who took over, and that the preferred entry is back."""
    clock = FakeClock(NOW)
    pool = Pool.from_entries("openai", [entry("a"), entry("b")], clock=clock)
    told = heard(pool)
    provider = FakeProvider(
        {"sk-made-up-a": [NO_MONEY, FakeReply.json({})], "sk-made-up-b": [FakeReply.json({})]}
    )

    send(pool, provider)
    clock.advance(86400)
    send(pool, provider)

    assert told == [
        events.EntryCooled(A, FailureClass.OUT_OF_CREDIT, NOW + 86400),
        events.EntrySwitched(A, B, FailureClass.OUT_OF_CREDIT),
        events.EntrySwitched(B, A, None),
    ]


def test_a_fallback_begins_where_the_pool_ends() -> None:
    """The next layer is handed the exhaustion, before the call ends."""
    pool = Pool.from_entries("openai", [entry("a", cooldown=_out(NOW + 60))], clock=FakeClock(NOW))
    told = heard(pool)

    with pytest.raises(PoolExhausted) as caught:
        send(pool, FakeProvider({}))

    assert told == [events.PoolExhausted(caught.value.exhaustion)]


def test_a_reset_tells_who_is_back() -> None:
    """What a person ends before its time is told, for each model too; what is over is not."""
    pool = Pool.from_entries(
        "openai",
        [
            entry("a", cooldown=_out(NOW + 60), models={"large": _out(NOW + 60)}),
            entry("b", cooldown=_out(NOW)),
        ],
        clock=FakeClock(NOW),
    )
    told = heard(pool)

    pool.reset()

    assert told == [events.EntryRecovered(A, None), events.EntryRecovered(A, "large")]


def test_a_refresh_that_another_call_saw_fail_is_a_switch_alone() -> None:
    """Whoever learns of a failed refresh from the state did not make it."""
    failed = Cooldown(failure=FailureClass.AUTH_EXPIRED, since=NOW, until=NOW + 300)
    login = entry("a", refresh_token=Secret("rt-made-up"), cooldown=failed)
    pool = Pool.from_entries("chatgpt", [login, entry("b")], clock=FakeClock(NOW))
    told = heard(pool)
    assert login.secret is not None

    refused = Attempt(entry=A, failure=FailureClass.AUTH_EXPIRED, step=Step.REFRESH)
    engine_of(pool).apply(Claimed(Call(started=NOW, attempts=(refused,)), A, login.secret, "me"))

    assert told == [events.EntrySwitched(A, B, FailureClass.AUTH_EXPIRED)]


def test_a_refusal_for_an_entry_that_is_gone_has_no_cause() -> None:
    """A report that finds nobody to blame tells of its own failure alone."""
    pool = Pool.from_entries("chatgpt", [entry("b")], clock=FakeClock(NOW))
    told = heard(pool)

    engine_of(pool).apply(RefreshFailed(Call(started=NOW), A, terminal=False))

    assert told == [events.RefreshFailed(A, terminal=False)]


def test_a_token_that_is_over_when_it_comes_is_a_failed_refresh() -> None:
    """Nobody is told of a new token that nobody can use."""
    pool = Pool.from_entries("chatgpt", [entry("a")], clock=FakeClock(NOW))
    told = heard(pool)

    engine_of(pool).apply(
        Refreshed(Call(started=NOW), A, Grant(secret=Secret("new"), expires_at=NOW))
    )

    assert [event for event in told if not isinstance(event, events.EntryCooled)] == [
        events.RefreshFailed(A, terminal=False)
    ]


def test_a_strategy_that_takes_turns_tells_of_the_payer_alone() -> None:
    """A turn is no event; somebody else's money is."""
    plan = entry("a", auth_type=AuthType.OAUTH, payer=Payer.SUBSCRIPTION)
    pool = Pool.from_entries("anthropic", [plan, entry("b")], strategy="round_robin")
    told = heard(pool)

    for _ in range(2):
        engine_of(pool).pick(lambda: None, NOW)

    assert told == [events.PayerChanged(A, B, Payer.SUBSCRIPTION, Payer.METERED)]


def test_an_entry_that_is_gone_changes_no_payer() -> None:
    """Of an entry that the pool no longer holds nobody knows who paid."""
    pool = Pool.from_entries("generic", [entry("b")], clock=FakeClock(NOW))
    told = heard(pool)
    verdict = Verdict(failure=FailureClass.FORBIDDEN, scope=Scope.CALL, rule="made-up")

    engine_of(pool).apply(Failed(Call(started=NOW), A, Secret("sk-gone"), verdict))

    assert told == [events.EntrySwitched(A, B, FailureClass.FORBIDDEN)]


def test_a_key_that_turns_out_to_share_its_owner_is_told_once() -> None:
    """The reply that shows it is told, and the next ones are not."""
    named = FakeReply.json({}, headers={"openai-organization": "acme"})
    pool = Pool.from_entries("openai", [entry("a"), entry("b")], strategy="round_robin")
    told = heard(pool)

    for _ in range(2):
        send(pool, FakeProvider({"sk-made-up-a": [named] * 2, "sk-made-up-b": [named] * 2}))
        send(pool, FakeProvider({"sk-made-up-a": [named] * 2, "sk-made-up-b": [named] * 2}))

    assert told == [events.OwnerShared("acme", (A, B))]
    assert [e.learnt_owner for e in pool.state.entries] == ["acme", "acme"]


def test_an_owner_that_nobody_shares_is_not_told() -> None:
    """One more request for each key, and no word."""
    named = FakeReply.json({}, headers={"openai-organization": "acme"})
    pool = Pool.from_entries("openai", [entry("a"), entry("b")])
    told = heard(pool)

    send(pool, FakeProvider({"sk-made-up-a": [named]}))

    assert told == []


def test_a_soft_cap_that_spreads_calls_is_no_switch() -> None:
    """Whoever is free takes the next call, and that is how it was meant."""
    policy = Policy(max_concurrent=1)
    pool = Pool.from_entries("generic", [entry("a"), entry("b")], policy=policy)
    told = heard(pool)

    calls = [ActiveCall(engine_of(pool), lambda: None) for _ in range(2)]
    begun = [call.start() for call in calls]

    assert [action.entry.id for action in begun if isinstance(action, Send)] == [A, B]
    assert told == []


def test_keys_of_one_owner_are_told_as_the_pool_opens(caplog: pytest.LogCaptureFixture) -> None:
    """The operator is warned of entries that add no quota."""
    with caplog.at_level(logging.INFO, "credpool"):
        Pool.from_entries("openai", [entry("a", owner="acme"), entry("b", owner="acme")])

    assert caplog.messages == ["openai: a, b share one quota, that of acme"]


NAMED = PoolState(
    key="openai",
    provider="openai",
    entries=(Entry(id=A, label="work"), Entry(id=B, label="home\x1b[2J")),
)
LINES: dict[str, tuple[int, str]] = {
    "entry.unusable": (logging.WARNING, "work cannot be used: its secret has a blank in it"),
    "entry.refreshed": (logging.INFO, "work has a new token"),
    "refresh.failed": (logging.WARNING, "work got no new token; its login is gone"),
    "entry.cooled": (logging.INFO, "work usage_limited for large, back in 12 min"),
    "entry.died": (
        logging.WARNING,
        "work auth_revoked, back when somebody logs in again or replaces it",
    ),
    "entry.recovered": (logging.INFO, "work is back before its time"),
    "owner.shared": (logging.WARNING, "work, home\\x1b[2J share one quota, that of acme"),
    "entry.switched": (
        logging.INFO,
        "going on with home\\x1b[2J after work, which was usage_limited",
    ),
    "payer.changed": (
        logging.WARNING,
        "home\\x1b[2J after work: payer metered, no longer subscription",
    ),
    "pool.exhausted": (logging.WARNING, "no entry is available; the first is back in 13 min"),
}


@pytest.mark.parametrize("name", EACH)
def test_a_line_says_which_pool_and_which_entry(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each event has a line for people, by the entry's label; escapes in it are made visible."""
    with caplog.at_level(logging.INFO, "credpool"):
        log([EACH[name]], NAMED, now=NOW - 720)

    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (LINES[name][0], f"openai: {LINES[name][1]}")
    ]


@pytest.mark.parametrize(
    ("event", "level", "end"),
    [
        pytest.param(events.RefreshFailed(A, terminal=False), logging.INFO, "later", id="a hiccup"),
        pytest.param(
            events.PoolExhausted(Exhaustion(returns_at=None, entries=())),
            logging.WARNING,
            "none returns by itself",
            id="nobody comes back",
        ),
        pytest.param(
            events.EntryCooled(A, FailureClass.OUT_OF_CREDIT, NOW + 86400),
            logging.WARNING,
            "back in 1 d",
            id="somebody has to pay",
        ),
        pytest.param(events.EntrySwitched(A, B, None), logging.INFO, "after work", id="a new call"),
    ],
)
def test_what_needs_a_person_is_a_warning(
    event: events.Event, level: int, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What time ends is information."""
    with caplog.at_level(logging.INFO, "credpool"):
        log([event], NAMED, now=NOW)

    (record,) = caplog.records
    assert record.levelno == level
    assert record.getMessage().endswith(end)


def test_the_log_of_a_call_answers_which_key_and_why(caplog: pytest.LogCaptureFixture) -> None:
    """A 429 that is tried again is a detail; the switch is one line with status, rule and time."""
    pool = Pool.from_entries("openai", [entry("a"), entry("b")], clock=FakeClock(NOW))
    slow = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
    soon = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached; try again in 2s.")
    provider = FakeProvider({"sk-made-up-a": [soon, slow], "sk-made-up-b": [FakeReply.json({})]})

    with caplog.at_level(logging.DEBUG, "credpool"):
        send(pool, provider)

    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (
            logging.DEBUG,
            "openai: a rate_limited (429, openai/rate-limit); asked once more in 2.0 s",
        ),
        (
            logging.INFO,
            (
                "openai: a rate_limited (429, openai/rate-limit) for gpt-5, "
                "back in 1 h; going on with b"
            ),
        ),
    ]


def test_a_log_that_is_off_costs_no_words(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody reads is not written."""
    with caplog.at_level(logging.ERROR, "credpool"):
        log([EACH["pool.exhausted"]], NAMED, now=NOW)

    assert caplog.records == []


def test_an_error_of_a_listener_is_the_calls() -> None:
    """A listener that fails is not passed over, and what it was told of has happened."""
    pool = Pool.from_entries("openai", [entry("a", cooldown=_out(NOW + 60))], clock=FakeClock(NOW))

    def broken(_: events.Event) -> None:
        raise LookupError("the listener's own")

    pool.listen(broken)

    with pytest.raises(LookupError, match="the listener's own"):
        pool.reset()

    assert pool.exhaustion() is None


def _out(until: float) -> Cooldown:
    return Cooldown(failure=CAP, since=NOW - 60, until=until)
