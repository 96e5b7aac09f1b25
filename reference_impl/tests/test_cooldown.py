"""How long an entry is out, and who goes out with it."""

from dataclasses import replace

import pytest

from credpool.model.entry import Cooldown, Entry
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.messages import Attempt, Call, Failed, Verdict
from credpool.model.policy import Policy
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass, Scope, Status
from credpool.rules.cooldown import bench, cap, exhaustion
from credpool.rules.select import available

NOW = 1795392000.0
MONTH = 31 * 86400.0
A, B = EntryId("a"), EntryId("b")
CALL = Call(started=NOW, model="gpt-5")


def pool(policy: Policy | None = None) -> PoolState:
    """Return a pool of two entries."""
    entries = tuple(Entry(id=i, secret=Secret(f"sk-{i}")) for i in (A, B))
    return PoolState(key="p", provider="openai", entries=entries, policy=policy or Policy())


def refusal(
    failure: FailureClass, *, hint: float | None = None, cooldown: float | None = None
) -> Failed:
    """Return the event of such a reply to the first entry."""
    verdict = Verdict(
        failure=failure,
        scope=RECOVERY[failure].scope,
        rule="test/rule",
        hint=hint,
        cooldown=cooldown,
        code=429,
        message="no",
    )
    return Failed(CALL, A, Secret("sk-a"), verdict)


def benched(state: PoolState, event: Failed, *, now: float = NOW) -> Cooldown:
    """Return the first entry's cooldown after the event."""
    after, _ = bench(state, event, now=now)
    found = after.entries[0].cooldown
    assert found is not None
    return found


def out(until: float, failure: FailureClass = FailureClass.USAGE_LIMITED) -> Cooldown:
    """Return a cooldown that runs until that moment."""
    return Cooldown(failure=failure, since=NOW - 60, until=until)


def with_cooldown(state: PoolState, cooldown: Cooldown, entry: EntryId = A) -> PoolState:
    """Return the pool with an entry out."""
    found = state.find(entry)
    assert found is not None
    return state.change({entry: replace(found, cooldown=cooldown)})


def test_a_cooldown_tells_what_a_person_asks() -> None:
    """A cooldown says why the entry is out, since when, until when, and what the provider said."""
    assert benched(pool(), refusal(FailureClass.USAGE_LIMITED)) == Cooldown(
        failure=FailureClass.USAGE_LIMITED,
        since=NOW,
        until=NOW + 3600,
        code=429,
        reason="test/rule",
        message="no",
    )


@pytest.mark.parametrize("scope", [Scope.ENTRY, Scope.MODEL])
@pytest.mark.parametrize(
    "told",
    [
        pytest.param("made-up-secret-that-was-sent", id="what was sent"),
        pytest.param("secret-that-was-sent", id="its end"),
        pytest.param("made-up-token-there-is-now", id="what there is now"),
        pytest.param("made-up-refresh-token", id="a refresh token"),
        pytest.param("made-up-secret-of-a-sibling", id="a sibling's"),
    ],
)
@pytest.mark.parametrize("room", ["", "word " * 98], ids=["early", "where it is cut"])
def test_no_message_keeps_a_secret(room: str, told: str, scope: Scope) -> None:
    """What a provider repeats of any secret of the pool is gone from what is kept of its words."""
    login = Entry(
        id=A,
        secret=Secret("made-up-token-there-is-now"),
        refresh_token=Secret("made-up-refresh-token"),
    )
    sibling = Entry(id=B, secret=Secret("made-up-secret-of-a-sibling"))
    sent = Entry(id=EntryId("sent"), secret=Secret("made-up-secret-that-was-sent"))
    state = replace(pool(), entries=(login, sibling, sent))
    refused = FailureClass.NOT_ENTITLED
    verdict = Verdict(failure=refused, scope=scope, rule="r", message=f"{room}{told} no")
    event = Failed(CALL, A, Secret("made-up-secret-that-was-sent"), verdict)

    after, call = bench(state, event, now=NOW)

    kept = after.entries[2]
    out = (*kept.models.values(), *filter(None, [kept.cooldown]), *call.benched)
    messages = {cooldown.message for cooldown in out}
    assert messages == {f"{room}*** no"}


@pytest.mark.parametrize(
    ("hint", "seconds"),
    [
        pytest.param(1.0, 1.0, id="the shortest"),
        pytest.param(0.25, 1.0, id="below the shortest"),
        pytest.param(0.0, 1.0, id="now"),
        pytest.param(-86400.0, 1.0, id="yesterday"),
        pytest.param(MONTH, MONTH, id="the longest"),
        pytest.param(MONTH + 1, MONTH, id="beyond the longest"),
        pytest.param(1e20, MONTH, id="a typing error"),
    ],
)
def test_a_hint_is_kept_within_bounds(hint: float, seconds: float) -> None:
    """A hinted cooldown lasts from one second to 31 days, and a past one is the shortest."""
    cooldown = benched(pool(), refusal(FailureClass.USAGE_LIMITED, hint=hint))

    assert cooldown.until == NOW + seconds


def test_the_bounds_are_the_operators() -> None:
    """The policy's bounds hold in place of the usual ones."""
    state = pool(Policy(min_cooldown=5, max_cooldown=50))

    found = [benched(state, refusal(FailureClass.USAGE_LIMITED, hint=h)).until for h in (1, 99)]

    assert found == [NOW + 5, NOW + 50]


def test_a_hint_does_not_revive_a_revoked_credential() -> None:
    """A terminal refusal is for ever, whatever its headers say."""
    assert benched(pool(), refusal(FailureClass.AUTH_REVOKED, hint=60)).until == FOREVER


def test_the_rules_own_default_precedes_the_tables() -> None:
    """A rule of the registry may say how long its failure usually lasts."""
    event = refusal(FailureClass.NOT_ENTITLED, cooldown=3600)
    event = replace(event, call=Call(started=NOW))

    assert benched(pool(), event).until == NOW + 3600


def test_the_operators_default_precedes_both() -> None:
    """The policy's length for a class holds in place of the rule's and the table's."""
    state = pool(Policy(cooldowns={FailureClass.OUT_OF_CREDIT: 7}))

    assert benched(state, refusal(FailureClass.OUT_OF_CREDIT, cooldown=3600)).until == NOW + 7


@pytest.mark.parametrize(
    "sibling",
    [
        pytest.param(Entry(id=B, secret=Secret("sk-b"), cooldown=out(NOW + 1)), id="is out"),
        pytest.param(
            Entry(id=B, secret=Secret("sk-b"), models={"gpt-5": out(NOW + 1)}),
            id="is out for the model",
        ),
        pytest.param(Entry(id=B), id="has no secret"),
        pytest.param(Entry(id=B, secret=Secret("sk-a")), id="holds the same secret"),
    ],
)
def test_the_sole_available_entry_rests_for_a_minute(sibling: Entry) -> None:
    """A rate limit without a hint costs a minute when the sibling cannot take over."""
    state = pool().change({B: sibling})

    assert benched(state, refusal(FailureClass.RATE_LIMITED)).until == NOW + 60


@pytest.mark.parametrize(
    ("event", "seconds"),
    [
        pytest.param(refusal(FailureClass.RATE_LIMITED, hint=600), 600, id="the hint counts"),
        pytest.param(refusal(FailureClass.USAGE_LIMITED), 3600, id="a cap is no burst"),
    ],
)
def test_the_sole_entry_rests_longer_with_a_reason(event: Failed, seconds: float) -> None:
    """A hint or another class takes the only entry out for as long as any other."""
    state = replace(pool(), entries=pool().entries[:1])

    assert benched(state, event).until == NOW + seconds


def test_a_later_report_does_not_shorten() -> None:
    """A second refusal with less to say leaves the weekly cap as it is."""
    week = out(NOW + 604800)

    assert benched(with_cooldown(pool(), week), refusal(FailureClass.RATE_LIMITED)) is week


def test_a_later_report_may_lengthen() -> None:
    """A second refusal that knows of a longer cap is believed, and is the reason from then on."""
    state = with_cooldown(pool(), out(NOW + 60))

    cooldown = benched(state, refusal(FailureClass.OUT_OF_CREDIT), now=NOW + 30)

    assert (cooldown.failure, cooldown.until) == (FailureClass.OUT_OF_CREDIT, NOW + 30 + 86400)


@pytest.mark.parametrize(
    ("later", "failure", "is_news"),
    [
        (863, FailureClass.OUT_OF_CREDIT, False),
        (864, FailureClass.OUT_OF_CREDIT, True),
        (1, FailureClass.AUTH_REVOKED, True),
    ],
    ids=["less than a hundredth", "a hundredth", "a death"],
)
def test_a_report_that_adds_little_changes_nothing(
    later: float, failure: FailureClass, *, is_news: bool
) -> None:
    """Calls that were under way when an account turned out to be empty have nothing to add."""
    state, _ = bench(pool(), refusal(FailureClass.OUT_OF_CREDIT), now=NOW)

    after, call = bench(state, refusal(failure), now=NOW + later)

    assert (after is not state) is is_news
    assert bool(call.benched) is is_news


def test_little_of_another_class_is_news() -> None:
    """The class that holds longest is the one that is told."""
    state = with_cooldown(pool(), out(NOW + 86399))

    cooldown = benched(state, refusal(FailureClass.OUT_OF_CREDIT), now=NOW)

    assert (cooldown.failure, cooldown.until) == (FailureClass.OUT_OF_CREDIT, NOW + 86400)


def test_what_has_ended_is_no_measure() -> None:
    """A cooldown that is over does not stand in for the one that a new refusal begins."""
    before = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=NOW - 86400, until=NOW)

    cooldown = benched(with_cooldown(pool(), before), refusal(FailureClass.OUT_OF_CREDIT), now=NOW)

    assert cooldown.until == NOW + 86400


def test_a_models_cooldown_is_not_shortened_either() -> None:
    """What holds for an entry holds for an entry and a model."""
    week = out(NOW + 604800)
    entry = replace(pool().entries[0], models={"gpt-5": week, "o3": week})

    after, _ = bench(
        pool().change({A: entry}), refusal(FailureClass.NOT_ENTITLED, hint=60), now=NOW
    )

    assert after.entries[0].models == {"gpt-5": week, "o3": week}


def test_a_models_cooldown_without_a_known_model_is_the_entrys() -> None:
    """When nobody knows which model was asked for, the entry is out for all of them."""
    event = replace(refusal(FailureClass.NOT_ENTITLED), call=Call(started=NOW))

    assert benched(pool(), event).until == NOW + 86400


def test_an_entry_without_an_owner_has_no_fellows() -> None:
    """Two entries of unknown owners do not share a cap."""
    state, _ = bench(pool(), refusal(FailureClass.OUT_OF_CREDIT), now=NOW)

    assert state.entries[1].cooldown is None


def test_the_end_is_exact() -> None:
    """An entry is out before the moment its cooldown names, and back from that moment on."""
    entry = Entry(id=A, cooldown=out(NOW), models={"gpt-5": out(NOW + 60)})

    assert entry.blocked(NOW - 0.001) == entry.cooldown
    assert entry.blocked(NOW) is None
    assert entry.blocked(NOW, "gpt-5") == entry.models["gpt-5"]
    assert entry.blocked(NOW + 60, "gpt-5") is None


def test_the_longer_of_two_cooldowns_is_the_reason() -> None:
    """An entry that is out for itself and for the model is out for whichever ends later."""
    entry = Entry(
        id=A, cooldown=out(NOW + 60), models={"gpt-5": out(NOW + 30), "o3": out(NOW + 90)}
    )

    assert entry.blocked(NOW, "gpt-5") is entry.cooldown
    assert entry.blocked(NOW, "o3") is entry.models["o3"]


@pytest.mark.parametrize(
    ("cooldown", "status"),
    [
        pytest.param(None, Status.OK, id="never refused"),
        pytest.param(out(NOW), Status.OK, id="back this moment"),
        pytest.param(out(NOW + 1), Status.EXHAUSTED, id="cooling"),
        pytest.param(out(FOREVER), Status.DEAD, id="revoked"),
    ],
)
def test_the_status_agrees_with_the_selection(cooldown: Cooldown | None, status: Status) -> None:
    """A person is shown `ok` exactly when the entry may be chosen."""
    assert Entry(id=A, cooldown=cooldown).status(NOW) is status


@pytest.mark.parametrize(
    ("first", "exhausted"),
    [
        pytest.param(Entry(id=A, secret=Secret("sk-a")), False, id="available"),
        pytest.param(Entry(id=A), True, id="without a secret"),
        pytest.param(Entry(id=A, secret=Secret("sk-a"), cooldown=out(NOW + 1)), True, id="out"),
        pytest.param(
            Entry(id=A, secret=Secret("sk-a"), models={"gpt-5": out(NOW + 1)}),
            True,
            id="out for the model",
        ),
    ],
)
def test_a_pool_is_exhausted_when_nobody_is_available(first: Entry, *, exhausted: bool) -> None:
    """A pool is exhausted for a model when each of its entries is out for it, or empty."""
    state = replace(pool(), entries=(first,))

    assert (available(state, now=NOW, model="gpt-5") == ()) is exhausted


def test_an_exhausted_pool_tells_each_reason_and_the_first_return() -> None:
    """The exhaustion names every entry's class and end, and the earliest of the ends."""
    state = with_cooldown(pool(), out(NOW + 60))
    state = with_cooldown(state, out(FOREVER, FailureClass.AUTH_REVOKED), B)

    assert exhaustion(state, now=NOW, model=None) == Exhaustion(
        returns_at=NOW + 60,
        entries=(
            Out(id=A, failure=FailureClass.USAGE_LIMITED, until=NOW + 60),
            Out(id=B, failure=FailureClass.AUTH_REVOKED, until=FOREVER),
        ),
    )


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(Entry(id=A), id="that was never refused"),
        pytest.param(Entry(id=A, cooldown=out(NOW + 60)), id="whose cooldown ends"),
    ],
)
def test_an_entry_without_a_secret_does_not_return(entry: Entry) -> None:
    """Nobody is told to wait for an entry that has nothing to send."""
    found = exhaustion(replace(pool(), entries=(entry,)), now=NOW, model=None)

    assert found.returns_at is None
    assert found.entries[0].until == FOREVER


def test_an_empty_pool_does_not_return() -> None:
    """A pool of nobody has no moment to wait for."""
    assert exhaustion(replace(pool(), entries=()), now=NOW, model=None) == Exhaustion(
        returns_at=None, entries=()
    )


class TestOutageGuard:
    """What a call has started ends soon when every key was throttled alike."""

    started = Cooldown(
        failure=FailureClass.RATE_LIMITED, since=NOW, until=NOW + 3600, reason="r", message="slow"
    )

    def call(self, *entries: EntryId, hinted: bool = False) -> Call:
        """Return a call that was throttled on these, and has started one cooldown."""
        refused = FailureClass.RATE_LIMITED
        attempts = tuple(
            Attempt(entry=e, failure=refused, step=Step.ROTATE, hinted=hinted) for e in entries
        )
        return replace(CALL, attempts=attempts, benched=(self.started,))

    def test_caps_what_the_call_started(self) -> None:
        """The cooldowns of the call end a minute after its last refusal."""
        state = cap(with_cooldown(pool(), self.started), self.call(A, B), now=NOW + 5)

        assert state.entries[0].cooldown == replace(self.started, until=NOW + 65)

    def test_caps_the_models_too(self) -> None:
        """A limit that counts for one model ends as soon as one that counts for all."""
        entry = replace(pool().entries[0], models={"gpt-5": self.started, "o3": out(NOW + 900)})

        state = cap(pool().change({A: entry}), self.call(A, B), now=NOW)

        ends = {m: c.until for m, c in state.entries[0].models.items()}
        assert ends == {"gpt-5": NOW + 60, "o3": NOW + 900}

    def test_caps_a_fellow_that_was_not_tried(self) -> None:
        """An entry that the call benched without trying it comes back with the others."""
        state = cap(with_cooldown(pool(), self.started, B), self.call(A, EntryId("c")), now=NOW)

        assert state.entries[1].cooldown == replace(self.started, until=NOW + 60)

    def test_knows_its_own_though_a_store_has_redacted_the_message(self) -> None:
        """A cooldown is the call's own whatever is left of the provider's words."""
        stored = replace(self.started, message="***")

        state = cap(with_cooldown(pool(), stored), self.call(A, B), now=NOW)

        assert state.entries[0].cooldown == replace(stored, until=NOW + 60)

    def test_never_lengthens(self) -> None:
        """A cooldown that ends within the minute ends when it did."""
        soon = replace(self.started, until=NOW + 20)
        call = replace(self.call(A, B), benched=(soon,))

        assert cap(with_cooldown(pool(), soon), call, now=NOW).entries[0].cooldown == soon

    @pytest.mark.parametrize(
        "foreign",
        [
            pytest.param(
                replace(started, failure=FailureClass.USAGE_LIMITED), id="of another class"
            ),
            pytest.param(replace(started, since=NOW - 1), id="begun before"),
            pytest.param(replace(started, until=NOW + 7200), id="with a longer hint"),
        ],
    )
    def test_leaves_what_others_have_started(self, foreign: Cooldown) -> None:
        """A cooldown of another call's is not this call's to shorten."""
        state = with_cooldown(pool(), foreign)

        assert cap(state, self.call(A, B), now=NOW) is state

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(("a", "b", True), id="a hint says it is the keys' own limit"),
            pytest.param(("a", "a", False), id="only one entry was tried"),
        ],
    )
    def test_stays_out_of_what_is_no_outage(self, call: tuple[str, str, bool]) -> None:
        """With a hint among the refusals, or a single key, the cooldowns stay as they are."""
        first, second, hinted = call
        state = with_cooldown(pool(), self.started)

        tried = self.call(EntryId(first), EntryId(second), hinted=hinted)

        assert cap(state, tried, now=NOW) is state
