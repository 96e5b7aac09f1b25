"""The rules: what each event does to a pool, and what is to be done next."""

from dataclasses import replace
from typing import Any

import pytest

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.messages import (
    Attempt,
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
    Reset,
    Rest,
    Resumed,
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.model.policy import Policy, Strategy
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass, First429, Scope
from credpool.rules.decide import decide

NOW = 1795392000.0
SECRET = Secret("sk-a")
A, B, C = EntryId("a"), EntryId("b"), EntryId("c")
CALL = Call(started=NOW, model="gpt-5")
ASKED = Attempt(entry=A, failure=FailureClass.AUTH_EXPIRED, step=Step.REFRESH)
REFUSED = replace(CALL, attempts=(ASKED,))
RATE_LIMITED = FailureClass.RATE_LIMITED


def entry(name: str) -> Entry:
    """Return an entry with a secret of its own."""
    return Entry(id=EntryId(name), secret=Secret(f"sk-{name}"))


def login(name: str) -> Entry:
    """Return an entry that can be refreshed."""
    return replace(entry(name), refresh_token=Secret(f"rt-{name}"))


def out(
    failure: FailureClass = FailureClass.USAGE_LIMITED,
    *,
    since: float = NOW - 60,
    until: float = NOW + 60,
) -> Cooldown:
    """Return a cooldown."""
    return Cooldown(failure=failure, since=since, until=until)


DEAD = out(FailureClass.AUTH_REVOKED, since=NOW - 86400, until=FOREVER)


def pool(*entries: Entry, strategy: Strategy = Strategy.FILL_FIRST) -> PoolState:
    """Return a pool of these entries, or of three keys."""
    entries = entries or (entry("a"), entry("b"), entry("c"))
    return PoolState(key="p", provider="openai", entries=entries, strategy=strategy)


def refused(
    failure: FailureClass,
    *,
    entry: EntryId = A,
    call: Call = CALL,
    hint: float | None = None,
    secret: str | None = None,
    scope: Scope | None = None,
) -> Failed:
    """Return the event of such a reply to that entry, under the secret it has."""
    verdict = Verdict(
        failure=failure, scope=scope or RECOVERY[failure].scope, rule="test/rule", hint=hint
    )
    return Failed(call, entry, Secret(secret or f"sk-{entry}"), verdict)


def after(state: PoolState, event: Message, *, now: float = NOW) -> Decision:
    """Return what the rules make of the event."""
    return decide(state, event, now=now, draw=0.0)


def found(state: PoolState, entry_id: EntryId = A) -> Entry:
    """Return an entry that the pool must have."""
    known = state.find(entry_id)
    assert known is not None
    return known


def tried(call: Call) -> list[tuple[str, FailureClass | None, str]]:
    """Return what a call has done, entry by entry."""
    return [(a.entry, a.failure, a.step.value) for a in call.attempts]


class TestStarted:
    """A caller wants an answer."""

    def test_sends_with_the_strategys_choice(self) -> None:
        """The chosen entry is sent with, and remembered as the latest choice."""
        state = replace(pool(strategy=Strategy.ROUND_ROBIN), last=A)

        made = after(state, Started(CALL))

        assert made == Decision(replace(state, last=B), CALL, Send(entry("b")), selected=True)

    def test_passes_over_who_is_out_for_the_model(self) -> None:
        """An entry that cools down for the model asked for is not chosen, for others it is."""
        state = pool(replace(entry("a"), models={"gpt-5": out()}), entry("b"))
        other = Call(started=NOW, model="o3")

        chosen = [after(state, Started(call)).action for call in (CALL, other)]

        assert chosen == [Send(state.entries[1]), Send(state.entries[0])]

    def test_gives_up_on_an_exhausted_pool(self) -> None:
        """With nobody available nothing is sent, and the reasons and the first return are told."""
        state = pool(replace(entry("a"), cooldown=out()), replace(entry("b"), cooldown=DEAD))

        made = after(state, Started(CALL))

        assert made.state is state
        assert made.action == GiveUp(
            Exhaustion(
                returns_at=NOW + 60,
                entries=(
                    Out(id=A, failure=FailureClass.USAGE_LIMITED, until=NOW + 60),
                    Out(id=B, failure=FailureClass.AUTH_REVOKED, until=FOREVER),
                ),
            )
        )

    @pytest.mark.parametrize(
        "state",
        [
            pytest.param(replace(pool(), entries=()), id="empty"),
            pytest.param(pool(replace(entry("a"), cooldown=DEAD)), id="dead"),
            pytest.param(pool(Entry(id=A)), id="without secrets"),
        ],
    )
    def test_gives_up_for_good_when_nobody_returns(self, state: PoolState) -> None:
        """A pool of which no entry returns by itself has no moment to wait for."""
        action = after(state, Started(CALL)).action

        assert isinstance(action, GiveUp)
        assert action.exhaustion.returns_at is None


class TestProbe:
    """An entry that has been out for over an hour may be tried once in a while."""

    long_out = out(since=NOW - 3601, until=NOW + 604800)

    def test_tries_an_entry_that_has_been_out_for_long(self) -> None:
        """With nobody available, a call tests whether a long cooldown still holds."""
        state = pool(replace(entry("a"), cooldown=self.long_out))

        made = after(state, Started(CALL))

        assert made.call == replace(CALL, probe=True)
        assert made.action == Send(found(made.state))
        assert found(made.state) == replace(found(state), probed_at=NOW)

    def test_tries_it_for_a_models_cooldown_too(self) -> None:
        """A cooldown for the model asked for is tested as the entry's own is."""
        state = pool(replace(entry("a"), models={"gpt-5": self.long_out}))

        assert after(state, Started(CALL)).call.probe

    def test_does_not_try_while_anybody_is_available(self) -> None:
        """A healthy entry is used before any guess."""
        state = pool(replace(entry("a"), cooldown=self.long_out), entry("b"))

        assert after(state, Started(CALL)).action == Send(entry("b"))

    @pytest.mark.parametrize(
        "resting",
        [
            pytest.param(
                replace(entry("a"), cooldown=replace(long_out, since=NOW - 3600)),
                id="out for an hour and no longer",
            ),
            pytest.param(
                replace(entry("a"), cooldown=long_out, probed_at=NOW - 899),
                id="tried within a quarter of an hour",
            ),
            pytest.param(replace(entry("a"), cooldown=DEAD), id="dead"),
            pytest.param(Entry(id=A, cooldown=long_out), id="without a secret"),
        ],
    )
    def test_leaves_others_alone(self, resting: Entry) -> None:
        """An entry that is out for less, was tried lately, is dead or is empty is not tried."""
        assert isinstance(after(pool(resting), Started(CALL)).action, GiveUp)

    def test_begins_with_who_was_not_tried_for_longest(self) -> None:
        """Of several that are due, the one whose last probe is the oldest is tried."""
        state = pool(
            replace(entry("a"), cooldown=self.long_out, probed_at=NOW - 900),
            replace(entry("b"), cooldown=self.long_out, probed_at=NOW - 901),
        )

        assert after(state, Started(CALL)).action == Send(replace(state.entries[1], probed_at=NOW))

    def test_success_ends_the_cooldowns_it_disproves(self) -> None:
        """The success counts for the entry, its twin, and its owner's siblings."""
        owned = replace(entry("a"), owner="o", cooldown=self.long_out, probed_at=NOW, marked=True)
        twin = replace(owned, id=B, owner=None)
        sibling = replace(owned, id=C, secret=Secret("sk-c"))

        made = after(pool(owned, twin, sibling), Succeeded(replace(CALL, probe=True), A, SECRET))

        assert [e.cooldown for e in made.state.entries] == [None, None, None]
        assert made.state.entries[0] == replace(entry("a"), owner="o", probed_at=NOW)
        assert made.state.entries[2].probed_at == NOW
        assert made.action == Deliver()

    @pytest.mark.parametrize(
        "sibling",
        [
            pytest.param(replace(entry("b"), cooldown=DEAD), id="dead"),
            pytest.param(
                replace(entry("b"), cooldown=out(FailureClass.AUTH_REJECTED)),
                id="refused by itself",
            ),
            pytest.param(
                replace(entry("b"), models={"gpt-5": out(FailureClass.NOT_ENTITLED)}),
                id="without the model",
            ),
        ],
    )
    def test_success_leaves_cooldowns_for_other_reasons(self, sibling: Entry) -> None:
        """A sibling that is out for a reason of its own stays out."""
        probed = replace(entry("a"), owner="o", cooldown=self.long_out)
        sibling = replace(sibling, owner="o")

        made = after(pool(probed, sibling), Succeeded(replace(CALL, probe=True), A, SECRET))

        assert found(made.state, B) == sibling

    def test_success_of_a_key_is_not_its_owners(self) -> None:
        """What is no consequence for the owner's other keys is no proof for them either."""
        rate_limited = replace(self.long_out, failure=RATE_LIMITED)
        probed = replace(entry("a"), owner="o", cooldown=rate_limited)
        sibling = replace(entry("b"), owner="o", cooldown=rate_limited)

        made = after(pool(probed, sibling), Succeeded(replace(CALL, probe=True), A, SECRET))

        assert [e.cooldown for e in made.state.entries] == [None, rate_limited]

    def test_success_of_a_model_leaves_other_models(self) -> None:
        """The proof for one model is none for another."""
        week = out(FailureClass.NOT_ENTITLED, until=NOW + 604800)
        probed = replace(entry("a"), models={"gpt-5": week, "o3": week})

        made = after(pool(probed), Succeeded(replace(CALL, probe=True), A, SECRET))

        assert found(made.state).models == {"o3": week}

    @pytest.mark.parametrize(
        "failure",
        [
            RATE_LIMITED,
            FailureClass.OUT_OF_CREDIT,
            FailureClass.AUTH_REJECTED,
            FailureClass.FORBIDDEN,
        ],
    )
    def test_failure_changes_nothing(self, failure: FailureClass) -> None:
        """A probe that fails says what was known: the reply is delivered, the cooldown stays."""
        state = pool(replace(entry("a"), cooldown=self.long_out, probed_at=NOW))

        made = after(state, refused(failure, call=replace(CALL, probe=True), hint=604800))

        assert made.state is state
        assert isinstance(made.action, Deliver)
        assert made.action.exhaustion is not None

    def test_refreshes_a_token_that_has_run_out_meanwhile(self) -> None:
        """An hour is longer than most tokens last, so a probe may need a new one."""
        state = pool(replace(login("a"), cooldown=self.long_out))

        made = after(state, refused(FailureClass.AUTH_EXPIRED, call=replace(CALL, probe=True)))

        assert made.action == Refresh(state.entries[0])

    def test_that_gets_no_new_token_changes_nothing(self) -> None:
        """A token endpoint's bad minute frees the claim, and leaves the cooldown as it is."""
        resting = replace(login("a"), cooldown=self.long_out)
        state = pool(replace(resting, claim=Claim(holder="me", until=NOW + 60)))
        probe = replace(REFUSED, probe=True, renewed=(A,))

        failed = after(state, RefreshFailed(probe, A, terminal=False)).state
        made = after(failed, Claimed(probe, A, Secret("sk-a"), "me"))

        assert made.state.entries == (replace(resting, refresh_failed_at=NOW),)
        assert isinstance(made.action, Deliver)
        assert made.call == probe

    def test_whose_grant_is_gone_marks_dead(self) -> None:
        """That a grant is gone for good is news, whoever learns it."""
        state = pool(replace(login("a"), cooldown=self.long_out))

        made = after(state, RefreshFailed(replace(CALL, probe=True), A, terminal=True))

        assert found(made.state).dead


class TestWindows:
    """When a token is refreshed before it is sent."""

    @pytest.mark.parametrize(
        ("left", "refreshes"),
        [
            pytest.param(121, False, id="two minutes left"),
            pytest.param(120, True, id="less than two"),
            pytest.param(-1, True, id="it is over"),
        ],
    )
    def test_a_token_is_refreshed_ahead_of_its_end(self, left: float, *, refreshes: bool) -> None:
        """A login is refreshed from two minutes before its token ends."""
        state = pool(replace(login("a"), expires_at=NOW + left))

        made = after(state, Started(CALL))

        expected = Refresh(state.entries[0]) if refreshes else Send(state.entries[0])
        assert made.action == expected

    def test_a_key_that_ends_is_sent_as_it_is(self) -> None:
        """What cannot be refreshed is used until it is refused."""
        state = pool(replace(entry("a"), expires_at=NOW + 1))

        assert after(state, Started(CALL)).action == Send(state.entries[0])


class TestSucceeded:
    """The provider answered."""

    def test_clears_the_used_retry(self) -> None:
        """After a success the entry may be retried again; its siblings' flags stay."""
        marked = [replace(entry(n), marked=True) for n in "ab"]

        made = after(pool(*marked), Succeeded(CALL, A, SECRET))

        assert made.state.entries == (entry("a"), marked[1])
        assert made.action == Deliver()

    def test_changes_nothing_of_a_healthy_entry(self) -> None:
        """A healthy call leaves the pool the same value, so there is nothing to make durable."""
        state = pool()

        made = after(state, Succeeded(CALL, A, SECRET))

        assert made.state is state
        assert tried(made.call) == [("a", None, "deliver")]

    def test_does_not_end_a_cooldown_that_began_meanwhile(self) -> None:
        """A reply that was long under way is no proof against a later refusal."""
        state = pool(replace(entry("a"), cooldown=out()))

        assert after(state, Succeeded(CALL, A, SECRET)).state is state

    def test_with_a_secret_that_is_gone_says_nothing_of_the_new_one(self) -> None:
        """A reply to the token from before a refresh clears no mark, and does not count as a success."""
        state = pool(replace(entry("a"), cooldown=out(), marked=True))

        for call in (CALL, replace(CALL, probe=True)):
            assert after(state, Succeeded(call, A, Secret("sk-old"))).state is state

    def test_of_an_entry_that_is_gone_is_delivered(self) -> None:
        """The caller gets the answer though the entry was removed meanwhile."""
        state = pool()

        made = after(state, Succeeded(CALL, EntryId("gone"), Secret("sk-gone")))

        assert (made.state, made.action) == (state, Deliver())


class TestThrottled:
    """A rate limit is retried once, and then it is a cooldown."""

    def test_is_retried_at_once_without_a_hint(self) -> None:
        """The first refusal is followed by the same entry, without a wait."""
        made = after(pool(), refused(RATE_LIMITED))

        assert made.action == Send(replace(entry("a"), marked=True))
        assert found(made.state).marked
        assert tried(made.call) == [("a", RATE_LIMITED, "retry")]

    @pytest.mark.parametrize("hint", [0.25, 1.0, 3.0, 10.0])
    def test_waits_for_a_short_hint(self, hint: float) -> None:
        """The retry is made at the very moment that the provider named."""
        made = after(pool(), refused(RATE_LIMITED, hint=hint))

        assert made.action == Wait(replace(entry("a"), marked=True), NOW + hint)

    @pytest.mark.parametrize("hint", [0.0, -1.0, -86400.0])
    def test_is_retried_at_once_when_the_hint_has_passed(self, hint: float) -> None:
        """Nobody waits for a moment that is over."""
        made = after(pool(), refused(RATE_LIMITED, hint=hint))

        assert made.action == Send(replace(entry("a"), marked=True))

    def test_with_a_long_hint_rotates_without_a_retry(self) -> None:
        """Nobody waits for longer than `max_retry_wait` beside an idle key."""
        made = after(pool(), refused(RATE_LIMITED, hint=10.001))

        assert made.action == Send(entry("b"))
        assert found(made.state).cooldown == Cooldown(
            failure=RATE_LIMITED, since=NOW, until=NOW + 10.001, reason="test/rule"
        )

    @pytest.mark.parametrize("hint", [None, 0.0, 2.0, 600.0])
    def test_rotates_at_once_where_the_operator_says_so(self, hint: float | None) -> None:
        """Under `first_429: rotate` no entry is asked twice, and none is marked."""
        state = replace(pool(), policy=Policy(first_429=First429.ROTATE))

        made = after(state, refused(RATE_LIMITED, hint=hint))

        assert made.action == Send(entry("b"))
        assert not found(made.state).marked
        assert tried(made.call) == [("a", RATE_LIMITED, "rotate")]
        assert found(made.state).cooldown == Cooldown(
            failure=RATE_LIMITED,
            since=NOW,
            until=NOW + (3600 if hint is None else max(hint, 1.0)),
            reason="test/rule",
        )

    def test_twice_in_a_row_rotates(self) -> None:
        """The second refusal benches the entry, and clears the flag with it."""
        first = after(pool(), refused(RATE_LIMITED))

        second = after(first.state, refused(RATE_LIMITED, call=first.call))

        assert second.action == Send(entry("b"))
        assert found(second.state).cooldown is not None
        assert not found(second.state).marked
        assert tried(second.call) == [("a", RATE_LIMITED, "retry"), ("a", RATE_LIMITED, "rotate")]

    def test_twice_in_a_row_for_a_model_rotates_too(self) -> None:
        """A limit of one model uses up the entry's retry, and its cooldown clears the flag."""
        limit = refused(RATE_LIMITED, scope=Scope.MODEL)
        first = after(pool(), limit)

        second = after(first.state, replace(limit, call=first.call))

        assert second.action == Send(entry("b"))
        assert found(second.state).models["gpt-5"].until == NOW + 3600
        assert not found(second.state).marked

    def test_twice_in_a_row_counts_across_calls(self) -> None:
        """The second refusal may come from another call than the first."""
        first = after(pool(), refused(RATE_LIMITED))

        assert after(first.state, refused(RATE_LIMITED)).action == Send(entry("b"))

    def test_is_not_retried_when_it_is_out_meanwhile(self) -> None:
        """An entry that another call has benched is left, whoever was first."""
        state = pool(replace(entry("a"), cooldown=out()), entry("b"))

        assert after(state, refused(RATE_LIMITED)).action == Send(entry("b"))

    def test_is_retried_once_a_call_whatever_others_do(self) -> None:
        """Though another call's success has cleared the flag, this call has had its retry."""
        first = after(pool(), refused(RATE_LIMITED))
        cleared = after(first.state, Succeeded(CALL, A, SECRET)).state

        assert after(cleared, refused(RATE_LIMITED, call=first.call)).action == Send(entry("b"))

    def test_all_alike_are_back_within_a_minute(self) -> None:
        """When every key is throttled without a hint, what the call started is cut short."""
        state, call = pool(), CALL
        for name in (A, A, B, B, C):
            made = after(state, refused(RATE_LIMITED, entry=name, call=call))
            state, call = made.state, made.call

        last = after(state, refused(RATE_LIMITED, entry=C, call=call), now=NOW + 5)

        assert isinstance(last.action, Deliver)
        assert last.action.exhaustion is not None
        assert {o.until for o in last.action.exhaustion.entries} == {NOW + 65}

    def test_all_alike_leaves_a_cap_that_another_call_met(self) -> None:
        """A weekly cap that another call has learnt of meanwhile outlasts the guard."""
        first = after(pool(entry("a"), entry("b")), refused(RATE_LIMITED))
        other = after(first.state, refused(FailureClass.USAGE_LIMITED, hint=604800))
        state, call = other.state, first.call
        for name in (A, B, B):
            made = after(state, refused(RATE_LIMITED, entry=name, call=call))
            state, call = made.state, made.call

        ends = [e.cooldown.until for e in state.entries if e.cooldown]

        assert ends == [NOW + 604800, NOW + 60]


class TestRotated:
    """Rotated means: a different, available entry that the call has not tried."""

    def test_goes_on_by_the_strategy(self) -> None:
        """The next entry is the strategy's choice among those that are left."""
        used = replace(entry("b"), request_count=5)
        state = pool(entry("a"), used, entry("c"), strategy=Strategy.LEAST_USED)

        made = after(state, refused(FailureClass.OUT_OF_CREDIT))

        assert (made.action, made.state.last, made.selected) == (Send(entry("c")), C, True)

    def test_does_not_try_the_same_secret_again(self) -> None:
        """A twin of a refused key is passed over although it is available."""
        twin = replace(entry("a"), id=B)

        made = after(pool(entry("a"), twin, entry("c")), refused(FailureClass.FORBIDDEN))

        assert made.action == Send(entry("c"))

    def test_benches_who_holds_the_secret_the_request_carried(self) -> None:
        """The consequence of a key rests on every row that holds it."""
        twin = replace(entry("c"), secret=Secret("sk-a"))

        made = after(pool(entry("a"), entry("b"), twin), refused(FailureClass.AUTH_REJECTED))

        assert [e.cooldown is not None for e in made.state.entries] == [True, False, True]

    def test_benches_the_owners_entries_for_a_cap_of_the_owner(self) -> None:
        """One organisation's keys go out together, and nobody else's."""
        owned = [replace(entry(n), owner="o") for n in "ab"]

        made = after(pool(*owned, entry("c")), refused(FailureClass.USAGE_LIMITED))

        assert made.action == Send(entry("c"))

    def test_believes_the_registry_about_the_scope(self) -> None:
        """A rule that says `entry` leaves the owner's other keys in."""
        owned = [replace(entry(n), owner="o") for n in "ab"]

        made = after(pool(*owned), refused(FailureClass.OUT_OF_CREDIT, scope=Scope.ENTRY))

        assert made.action == Send(owned[1])

    def test_keeps_an_entry_for_other_models(self) -> None:
        """What an entry lacks for one model it may have for another."""
        made = after(pool(), refused(FailureClass.NOT_ENTITLED))

        assert found(made.state).blocked(NOW, "gpt-5") is not None
        assert found(made.state).blocked(NOW, "o3") is None

    def test_ends_with_the_last_reply_when_nobody_is_left(self) -> None:
        """The last refusal is delivered, with the reasons and the first return."""
        state = pool(entry("a"), replace(entry("b"), cooldown=out()))

        made = after(state, refused(FailureClass.OUT_OF_CREDIT))

        assert made.action == Deliver(
            Exhaustion(
                returns_at=NOW + 60,
                entries=(
                    Out(id=A, failure=FailureClass.OUT_OF_CREDIT, until=NOW + 86400),
                    Out(id=B, failure=FailureClass.USAGE_LIMITED, until=NOW + 60),
                ),
            )
        )
        assert tried(made.call) == [("a", FailureClass.OUT_OF_CREDIT, "deliver")]

    def test_revoked_marks_dead(self) -> None:
        """A revoked credential does not come back by itself."""
        made = after(pool(), refused(FailureClass.AUTH_REVOKED))

        assert found(made.state).dead

    def test_a_late_refusal_of_an_old_key_leaves_the_new_one_alone(self) -> None:
        """A key that was replaced while its reply was under way is not the one that was refused."""
        state = pool()
        late = replace(refused(FailureClass.AUTH_REVOKED), secret=Secret("replaced"))

        made = after(state, late)

        assert made.state.entries is state.entries

    def test_a_probe_may_learn_that_an_entry_is_dead(self) -> None:
        """That a credential was revoked is the one thing that a failed probe may change."""
        late = refused(FailureClass.AUTH_REVOKED)

        made = after(pool(), replace(late, call=replace(late.call, probe=True)))

        assert found(made.state).dead

    def test_of_an_unknown_entry_changes_nothing(self) -> None:
        """Nobody is blamed for an entry that was removed, and the call goes on with another."""
        state = pool()

        made = after(state, refused(FailureClass.OUT_OF_CREDIT, entry=EntryId("gone")))

        assert made.state.entries is state.entries
        assert made.action == Send(state.entries[0])


class TestNobodysFault:
    """Failures that say nothing about a credential."""

    @pytest.mark.parametrize(
        "failure",
        [FailureClass.OVERLOADED, FailureClass.SERVER_ERROR, FailureClass.REQUEST_ERROR],
    )
    def test_is_delivered_and_changes_nobody(self, failure: FailureClass) -> None:
        """The reply goes to the caller as it is, even with a hint in it."""
        state = pool()

        made = after(state, refused(failure, hint=60))

        assert made.state is state
        assert made.action == Deliver()

    def test_forbidden_tries_everybody_once(self) -> None:
        """An unexplained 403 goes round the pool, benches nobody, and is delivered with what it met."""
        state, call, actions = pool(), CALL, []
        for name in (A, B, C):
            made = after(state, refused(FailureClass.FORBIDDEN, entry=name, call=call))
            state, call = made.state, made.call
            actions.append(made.action)

        *sent, last = actions
        assert sent == [Send(entry("b")), Send(entry("c"))]
        assert isinstance(last, Deliver)
        assert last.exhaustion is not None
        assert not last.exhaustion.is_whole
        forbidden = FailureClass.FORBIDDEN
        assert [(o.id, o.failure) for o in last.exhaustion.entries] == [
            (n, forbidden) for n in (A, B, C)
        ]
        assert state.entries == pool().entries
        assert [a.step for a in call.attempts] == [Step.TRY_NEXT, Step.TRY_NEXT, Step.DELIVER]


class TestRefused:
    """A 401: the end of a token, or of a key."""

    @pytest.mark.parametrize("failure", [FailureClass.AUTH_EXPIRED, FailureClass.AUTH_REJECTED])
    def test_login_is_refreshed(self, failure: FailureClass) -> None:
        """For a login either refusal means that the token has run out."""
        made = after(pool(login("a"), entry("b")), refused(failure))

        assert made.action == Refresh(login("a"))
        assert tried(made.call) == [("a", FailureClass.AUTH_EXPIRED, "refresh")]

    @pytest.mark.parametrize("failure", [FailureClass.AUTH_EXPIRED, FailureClass.AUTH_REJECTED])
    def test_key_is_benched(self, failure: FailureClass) -> None:
        """For a key either refusal means that the key is not accepted."""
        made = after(pool(), refused(failure))

        assert made.action == Send(entry("b"))
        assert tried(made.call) == [("a", FailureClass.AUTH_REJECTED, "rotate")]
        assert found(made.state).cooldown == Cooldown(
            failure=FailureClass.AUTH_REJECTED, since=NOW, until=NOW + 300, reason="test/rule"
        )

    def test_login_that_somebody_has_refreshed_is_sent_again(self) -> None:
        """A refusal of the old token is answered with the new one, without another refresh."""
        made = after(pool(login("a")), refused(FailureClass.AUTH_EXPIRED, secret="sk-old"))

        assert made.action == Send(login("a"))

    @pytest.mark.parametrize("secret", ["sk-a", "sk-old"])
    def test_login_is_repeated_once(self, secret: str) -> None:
        """A second refusal in the call is not repeated; the token that is still held goes out."""
        state = pool(login("a"), entry("b"))
        first = after(state, refused(FailureClass.AUTH_EXPIRED))

        second = after(state, refused(FailureClass.AUTH_EXPIRED, call=first.call, secret=secret))

        assert second.action == Send(entry("b"))
        out = Cooldown(
            failure=FailureClass.AUTH_EXPIRED, since=NOW, until=NOW + 300, reason="test/rule"
        )
        assert found(second.state).cooldown == (out if secret == "sk-a" else None)

    def test_login_that_is_dead_is_not_refreshed_again(self) -> None:
        """A grant that another call has found gone is not presented a second time."""
        state = pool(replace(login("a"), cooldown=DEAD), entry("b"))

        made = after(state, refused(FailureClass.AUTH_EXPIRED))

        assert made.action == Send(entry("b"))
        assert found(made.state).cooldown == DEAD

    def test_login_whose_token_is_gone_is_left(self) -> None:
        """A login that has lost its token meanwhile has nothing to be sent with."""
        state = pool(replace(login("a"), secret=None), entry("b"))

        assert after(state, refused(FailureClass.AUTH_EXPIRED)).action == Send(entry("b"))


class TestClaimed:
    """One of many asks for the right to refresh."""

    asked = Claimed(CALL, A, Secret("sk-a"), "me")
    needed = replace(asked, call=REFUSED)

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param((), id="it is gone"),
            pytest.param((replace(login("a"), secret=None),), id="it has no token"),
            pytest.param((replace(entry("a"), cooldown=DEAD),), id="it has died"),
            pytest.param((replace(login("a"), cooldown=out()),), id="it has gone out"),
            pytest.param((entry("a"),), id="it cannot be refreshed any more"),
        ],
    )
    def test_another_entry_is_used_when(self, known: tuple[Entry, ...]) -> None:
        """An entry that has changed while its token was wanted is left as it is."""
        state = pool(*known, login("b"))

        made = after(state, self.needed)

        assert (made.state.entries, made.action) == (state.entries, Send(login("b")))

    def test_a_token_is_used_that_needs_no_refresh_any_more(self) -> None:
        """What cannot be refreshed, and was not refused, is sent."""
        state = pool(entry("a"))

        assert after(state, self.asked).action == Send(entry("a"))

    def test_an_entry_that_was_out_before_is_still_refreshed(self) -> None:
        """A late refusal of a token is followed by a refresh, whatever else the entry is out for."""
        state = pool(replace(login("a"), cooldown=out()), login("b"))

        made = after(state, replace(self.needed, known=out()))

        assert isinstance(made.action, Exchange)

    @pytest.mark.parametrize(
        "held",
        [
            pytest.param(None, id="nobody has it"),
            pytest.param(Claim(holder="other", until=NOW), id="the other's has expired"),
            pytest.param(Claim(holder="me", until=NOW + 60), id="it is ours already"),
        ],
    )
    def test_it_is_given_when_free(self, held: Claim | None) -> None:
        """A free claim is taken, with an expiry, and the call has had its refresh."""
        state = pool(replace(login("a"), claim=held))

        made = after(state, self.needed)

        mine = replace(login("a"), claim=Claim(holder="me", until=NOW + 60))
        assert (made.action, found(made.state)) == (Exchange(mine), mine)
        assert made.call.renewed == (A,)

    @pytest.mark.parametrize(("ago", "asks"), [(0, False), (59.9, False), (60, True), (-1, True)])
    def test_ahead_of_time_it_rests_after_a_failure(self, ago: float, *, asks: bool) -> None:
        """For a minute nobody asks ahead of time; a failure that is yet to come is none."""
        known = replace(login("a"), expires_at=NOW + 31, refresh_failed_at=NOW - ago)

        made = after(pool(known), self.asked)

        assert isinstance(made.action, Exchange if asks else Send)

    def test_whoever_needs_it_does_not_rest(self) -> None:
        """A refusal a second after a refresh failed ahead of time is followed by another one."""
        known = replace(login("a"), expires_at=NOW + 31, refresh_failed_at=NOW - 1)

        made = after(pool(known), self.needed)

        assert isinstance(made.action, Exchange)
        assert found(made.state).refresh_failed_at is None

    def test_a_refresh_that_failed_while_a_call_waited_is_not_repeated(self) -> None:
        """The call benches what it cannot use, and goes on with another entry."""
        known = replace(login("a"), expires_at=NOW + 31, refresh_failed_at=NOW)

        made = after(pool(known, entry("b")), replace(self.needed, waits_since=NOW - 1))

        assert made.action == Send(entry("b"))
        assert found(made.state).blocked(NOW) is not None

    def test_a_refresh_token_that_was_sent_without_an_answer_stays_unused(self) -> None:
        """While the claim runs nobody presents it again, and nobody waits either."""
        known = replace(login("a"), expires_at=NOW + 31, refresh_failed_at=NOW - 5)
        known = replace(known, claim=Claim(holder="other", until=NOW + 55))

        made = after(pool(known, entry("b")), self.needed)
        probed = after(pool(known), replace(self.needed, call=replace(REFUSED, probe=True)))

        assert made.action == Send(entry("b"))
        assert found(made.state).blocked(NOW) is not None
        assert found(probed.state) == known

    def test_one_call_asks_once(self) -> None:
        """Whoever has had its refresh goes on with another entry."""
        had = replace(REFUSED, renewed=(A,))

        made = after(pool(login("a"), entry("b")), replace(self.needed, call=had))

        assert made.action == Send(entry("b"))

    @pytest.mark.parametrize(
        ("call", "ends"),
        [
            pytest.param(REFUSED, None, id="was refused"),
            pytest.param(CALL, NOW + 30, id="is about to end"),
        ],
    )
    def test_it_is_awaited_when_the_token(self, call: Call, ends: float | None) -> None:
        """While somebody else refreshes a token that is no good, nothing is exchanged."""
        held = Claim(holder="other", until=NOW + 1)
        state = pool(replace(login("a"), claim=held, expires_at=ends))

        made = after(state, replace(self.asked, call=call))

        assert (made.state, made.action) == (state, AwaitClaim(NOW + 1))

    def test_it_is_not_awaited_while_the_token_is_good(self) -> None:
        """Ahead of its end a token is sent as it is while somebody else refreshes it."""
        held = Claim(holder="other", until=NOW + 1)
        state = pool(replace(login("a"), claim=held, expires_at=NOW + 31))

        made = after(state, self.asked)

        assert (made.state, made.action) == (state, Send(state.entries[0]))

    def test_it_is_refused_when_the_grant_is_gone(self) -> None:
        """Whoever waited for a refresh that failed for good rotates, and presents nothing."""
        state = pool(replace(login("a"), cooldown=DEAD), entry("b"))

        made = after(state, self.asked)

        assert made.action == Send(entry("b"))
        assert found(made.state).cooldown == DEAD

    def test_it_is_not_needed_when_the_token_is_new(self) -> None:
        """Whoever waited for another's refresh goes on with its outcome."""
        state = pool(replace(login("a"), secret=Secret("sk-new")))

        assert after(state, self.asked).action == Send(state.entries[0])

    def test_a_new_token_that_has_run_out_meanwhile_is_refreshed(self) -> None:
        """Whoever comes back late does not send what is over."""
        state = pool(replace(login("a"), secret=Secret("sk-new"), expires_at=NOW + 30))

        assert isinstance(after(state, self.asked).action, Exchange)

    @pytest.mark.parametrize(
        ("asked", "ends", "used"),
        [
            pytest.param({"call": replace(CALL, renewed=(A,))}, 20, True, id="refreshed for it"),
            pytest.param({"waits_since": NOW - 29}, 20, True, id="waited for it"),
            pytest.param({"waits_since": NOW - 30}, 20, False, id="comes back late"),
            pytest.param({"waits_since": NOW - 29}, 0, False, id="finds it over"),
        ],
    )
    def test_a_token_of_seconds_is_used_by_a_call_that(
        self, asked: dict[str, Any], ends: float, *, used: bool
    ) -> None:
        """However short its life, nobody asks for the next one before it is sent."""
        state = pool(replace(login("a"), secret=Secret("sk-new"), expires_at=NOW + ends))

        made = after(state, replace(self.asked, **asked))

        assert isinstance(made.action, Send if used else Exchange)


class TestResumed:
    """A call has waited for the time of its retry."""

    waited = Resumed(CALL, A, Secret("sk-a"))

    def test_the_entry_is_tried_again(self) -> None:
        """With the token that it holds by then."""
        state = pool(replace(login("a"), secret=Secret("sk-new")))

        assert after(state, self.waited).action == Send(state.entries[0])

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param((), id="is gone"),
            pytest.param((replace(login("a"), cooldown=DEAD),), id="has died"),
            pytest.param((replace(login("a"), cooldown=out()),), id="has gone out"),
            pytest.param((replace(login("a"), disabled=True),), id="was disabled"),
        ],
    )
    def test_another_one_is_tried_when_it(self, known: tuple[Entry, ...]) -> None:
        """Nobody sends with an entry that another call has benched meanwhile."""
        assert after(pool(*known, entry("b")), self.waited).action == Send(entry("b"))

    def test_a_token_that_has_run_out_is_refreshed(self) -> None:
        """Ten seconds may be the last that a token had."""
        state = pool(replace(login("a"), expires_at=NOW + 30))

        assert after(state, self.waited).action == Refresh(state.entries[0])

    def test_a_token_is_refreshed_once(self) -> None:
        """A call that has had its refresh goes on with another entry."""
        state = pool(replace(login("a"), expires_at=NOW + 30), entry("b"))
        had = replace(CALL, renewed=(A,))

        assert after(state, replace(self.waited, call=had)).action == Send(entry("b"))


class TestRefreshed:
    """The token endpoint gave new tokens."""

    grant = Grant(
        secret=Secret("sk-new"),
        refresh_token=Secret("rt-new"),
        expires_at=NOW + 3600,
        replaces=Secret("sk-a"),
        spent=Secret("rt-a"),
    )

    def test_they_are_stored(self) -> None:
        """The new tokens replace the old ones, and the claim is over."""
        state = pool(replace(login("a"), claim=Claim(holder="me", until=NOW + 60)))

        made = after(state, Refreshed(CALL, A, self.grant))

        fresh = found(made.state)
        assert (fresh.secret, fresh.refresh_token) == (Secret("sk-new"), Secret("rt-new"))
        assert (fresh.expires_at, fresh.claim) == (NOW + 3600, None)
        assert made.action == Rest()

    def test_the_old_refresh_token_stays_unless_replaced(self) -> None:
        """A grant without a refresh token keeps the one there is."""
        grant = replace(self.grant, refresh_token=None)

        made = after(pool(login("a")), Refreshed(CALL, A, grant))

        assert found(made.state).refresh_token == Secret("rt-a")

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param(out(FailureClass.AUTH_EXPIRED), id="expired"),
            pytest.param(out(FailureClass.AUTH_REJECTED), id="rejected"),
            pytest.param(replace(DEAD, reason="token-endpoint"), id="lost to another refresh"),
        ],
    )
    def test_they_end_a_cooldown_of_the_old_token(self, known: Cooldown) -> None:
        """A refusal of the old token says nothing about the new one."""
        state = pool(replace(login("a"), cooldown=known))

        assert found(after(state, Refreshed(CALL, A, self.grant)).state).cooldown is None

    def test_they_do_not_bring_back_what_the_provider_has_revoked(self) -> None:
        """The tokens are kept, for a person who knows better."""
        state = pool(replace(login("a"), cooldown=DEAD))

        stored = found(after(state, Refreshed(CALL, A, self.grant)).state)

        assert (stored.dead, stored.refresh_token) == (True, Secret("rt-new"))

    def test_they_do_not_end_a_cap(self) -> None:
        """A plan that is used up is so with a new token too."""
        week = out(until=NOW + 604800)
        state = pool(replace(login("a"), cooldown=week))

        assert found(after(state, Refreshed(CALL, A, self.grant)).state).cooldown == week

    def test_all_who_hold_the_grant_take_them(self) -> None:
        """A clone of the entry has the new tokens too, and another login keeps its own."""
        clone = replace(login("b"), refresh_token=Secret("rt-a"))
        state = pool(login("a"), clone, login("c"))

        made = after(state, Refreshed(CALL, A, self.grant))

        assert [e.refresh_token for e in made.state.entries] == [
            *(Secret("rt-new"), Secret("rt-new")),
            Secret("rt-c"),
        ]

    @pytest.mark.parametrize(("left", "out"), [(30, True), (31, False)])
    def test_a_token_that_is_over_is_no_new_token(self, left: float, *, out: bool) -> None:
        """Its refresh token is kept; the entry is out only when the old token is no good."""
        over = replace(self.grant, expires_at=NOW)
        known = replace(login("a"), expires_at=NOW + left)

        stored = found(after(pool(known), Refreshed(CALL, A, over)).state)

        assert (stored.secret, stored.refresh_token) == (Secret("sk-a"), Secret("rt-new"))
        assert (stored.blocked(NOW) is not None, stored.refresh_failed_at) == (out, NOW)

    @pytest.mark.parametrize("missing", ["refresh_token", "spent"])
    def test_a_token_that_is_over_may_come_alone(self, missing: str) -> None:
        """What did not come takes nobody's place."""
        over = replace(self.grant, expires_at=NOW, **{missing: None})

        stored = found(after(pool(login("a")), Refreshed(CALL, A, over)).state)

        assert stored.refresh_token == Secret("rt-a")

    @pytest.mark.parametrize("spent", [Secret("rt-a"), None], ids=["a grant", "a borrowed token"])
    def test_late_ones_do_not_replace_newer_ones(self, spent: Secret | None) -> None:
        """Tokens that could not be stored in time give way to those that are there now."""
        late = replace(self.grant, replaces=Secret("sk-older"), spent=spent)
        state = pool(login("a"))

        assert after(state, Refreshed(CALL, A, late)).state == state

    def test_late_ones_do_not_replace_those_of_a_new_login(self) -> None:
        """Who has logged in meanwhile holds another refresh token."""
        state = pool(replace(login("a"), refresh_token=Secret("rt-of-a-login")))

        assert after(state, Refreshed(CALL, A, self.grant)).state == state

    def test_a_borrowed_token_is_its_own_entrys(self) -> None:
        """What was read again replaces the token that the entry had."""
        borrowed = replace(entry("a"), borrowed=True)

        made = after(pool(borrowed), Refreshed(CALL, A, replace(self.grant, spent=None)))

        assert found(made.state).secret == Secret("sk-new")

    def test_for_an_entry_that_is_gone_they_are_dropped(self) -> None:
        """An entry that was removed during its refresh does not come back."""
        state = pool()

        made = after(state, Refreshed(CALL, EntryId("gone"), self.grant))

        assert (made.state, made.action) == (state, Rest())

    def test_the_clone_of_an_entry_that_is_gone_takes_them(self) -> None:
        """What was presented is spent for whoever holds it."""
        state = pool(replace(login("b"), refresh_token=Secret("rt-a")))

        made = after(state, Refreshed(CALL, A, self.grant))

        assert found(made.state, B).refresh_token == Secret("rt-new")


class TestRefreshFailed:
    """The token endpoint gave none."""

    claimed = replace(login("a"), claim=Claim(holder="me", until=NOW + 60))
    failed = RefreshFailed(
        REFUSED, A, terminal=False, message="busy", secret=Secret("sk-a"), holder="me"
    )

    def test_for_now_benches(self) -> None:
        """A passing failure takes the login out for five minutes, and frees the claim."""
        made = after(pool(self.claimed, entry("b")), self.failed)

        assert made.action == Rest()
        assert found(made.state) == replace(
            login("a"),
            refresh_failed_at=NOW,
            cooldown=Cooldown(
                failure=FailureClass.AUTH_EXPIRED,
                since=NOW,
                until=NOW + 300,
                reason="token-endpoint",
                message="busy",
            ),
        )

    def test_for_good_marks_dead(self) -> None:
        """A grant that is gone is dead until somebody logs in again."""
        made = after(pool(self.claimed, entry("b")), replace(self.failed, terminal=True))

        assert found(made.state).dead

    def test_ahead_of_the_end_leaves_the_token_in_use(self) -> None:
        """The claim is over, and when it failed is noted."""
        state = pool(replace(self.claimed, expires_at=NOW + 31))

        made = after(state, replace(self.failed, call=CALL))

        rests = replace(login("a"), expires_at=NOW + 31, refresh_failed_at=NOW)
        assert found(made.state) == rests

    def test_without_an_answer_leaves_the_claim(self) -> None:
        """Nobody knows whether the refresh token is spent, so nobody presents it for now."""
        state = pool(replace(self.claimed, expires_at=NOW + 31))

        made = after(state, replace(self.failed, call=CALL, unanswered=True))

        assert found(made.state) == replace(state.entries[0], refresh_failed_at=NOW)

    def test_at_the_end_benches(self) -> None:
        """A token that is about to end is no better than none."""
        state = pool(replace(self.claimed, expires_at=NOW + 30), entry("b"))

        made = after(state, replace(self.failed, call=CALL))

        assert found(made.state).blocked(NOW) is not None

    def test_of_a_holder_who_was_given_up_changes_nothing(self) -> None:
        """The refresh is somebody else's by now, and so is its outcome."""
        state = pool(replace(login("a"), claim=Claim(holder="other", until=NOW + 60)))

        assert after(state, replace(self.failed, terminal=True)).state == state

    def test_adds_no_attempt(self) -> None:
        """No request has gone to the provider, so the call has tried nothing more."""
        made = after(pool(self.claimed), self.failed)

        assert (made.call.attempts, made.call.renewed) == (REFUSED.attempts, (A,))

    def test_of_a_token_that_was_replaced_meanwhile_changes_nothing(self) -> None:
        """Whoever refreshed first has won, and the login is neither benched nor dead."""
        state = pool(login("a"))

        made = after(state, replace(self.failed, terminal=True, secret=Secret("older")))

        assert made.state == state

    def test_of_another_call_is_not_repeated(self) -> None:
        """A call that waited for a refresh that failed rotates, and asks nobody again."""
        failed = after(pool(self.claimed, entry("b")), self.failed).state

        made = after(failed, Claimed(REFUSED, A, Secret("sk-a"), "you"))

        assert made.action == Send(entry("b"))

    def test_of_the_last_entry_exhausts_the_pool(self) -> None:
        """With nobody left, the refusal that led here is delivered."""
        failed = after(pool(self.claimed), self.failed)

        made = after(failed.state, Claimed(failed.call, A, Secret("sk-a"), "me"))

        assert isinstance(made.action, Deliver)
        assert made.action.exhaustion is not None
        assert made.action.exhaustion.returns_at == NOW + 300

    @pytest.mark.parametrize(
        "state",
        [
            pytest.param(pool(entry("b")), id="is gone"),
            pytest.param(pool(replace(login("a"), secret=None)), id="has lost its token"),
        ],
    )
    def test_of_an_entry_that_changed_meanwhile_changes_nothing(self, state: PoolState) -> None:
        """A failed refresh of what is no longer there is nobody's fault."""
        made = after(state, replace(self.failed, terminal=True))

        assert (made.state, made.action) == (state, Rest())


class TestReset:
    """A person ends cooldowns."""

    history = replace(
        login("a"),
        cooldown=DEAD,
        models={"gpt-5": out()},
        marked=True,
        probed_at=NOW,
        refresh_failed_at=NOW,
    )

    def test_one_entry_is_as_new(self) -> None:
        """The entry forgets what has happened to it; the others do not."""
        other = replace(entry("b"), cooldown=out())

        made = after(pool(self.history, other), Reset(A))

        assert made.state.entries == (login("a"), other)
        assert made.action == Rest()

    @pytest.mark.parametrize(
        "marked",
        [
            pytest.param(replace(entry("a"), cooldown=out()), id="out"),
            pytest.param(replace(entry("a"), models={"gpt-5": out()}), id="out for a model"),
            pytest.param(replace(entry("a"), marked=True), id="throttled"),
            pytest.param(replace(entry("a"), probed_at=NOW), id="probed"),
            pytest.param(
                replace(entry("a"), refresh_failed_at=NOW), id="without a refresh for now"
            ),
        ],
    )
    def test_all_entries_are_as_new(self, marked: Entry) -> None:
        """Without a target, everybody's history goes."""
        made = after(pool(marked, replace(entry("b"), cooldown=out())), Reset())

        assert made.state.entries == (entry("a"), entry("b"))

    def test_a_refresh_that_is_under_way_is_no_refusal(self) -> None:
        """Whoever clears a claim lets a second call present the same refresh token."""
        claimed = replace(self.history, claim=Claim(holder="me", until=NOW + 60))

        made = after(pool(claimed), Reset())

        assert made.state.entries == (replace(login("a"), claim=claimed.claim),)

    @pytest.mark.parametrize("target", [None, A, EntryId("gone")])
    def test_of_nothing_changes_nothing(self, target: EntryId | None) -> None:
        """Where there is no history there is nothing to make durable."""
        state = pool()

        assert after(state, Reset(target)).state is state


def test_the_operators_numbers_hold() -> None:
    """`max_retry_wait`, `claim_ttl`, `probe_after` and `probe_interval` are the policy's."""
    policy = Policy(max_retry_wait=2, claim_ttl=5, probe_after=10, probe_interval=20)
    state = replace(pool(login("a"), entry("b")), policy=policy)
    resting = replace(login("a"), cooldown=out(since=NOW - 11), probed_at=NOW - 20)

    retried = after(state, refused(RATE_LIMITED, hint=2.5)).action
    claim = after(state, Claimed(CALL, A, Secret("sk-a"), "me")).action
    probe = after(replace(state, entries=(resting,)), Started(CALL)).call.probe

    assert retried == Send(entry("b"))
    assert claim == Exchange(replace(login("a"), claim=Claim(holder="me", until=NOW + 5)))
    assert probe


class TestDisabledMeanwhile:
    """A refusal comes when a person has disabled the entry."""

    @pytest.mark.parametrize("failure", [RATE_LIMITED, FailureClass.AUTH_EXPIRED])
    def test_nothing_is_repeated_with_it(self, failure: FailureClass) -> None:
        """What would be a retry or a refresh goes on with another entry, and leaves no mark."""
        paused = replace(login("a"), disabled=True)

        made = after(pool(paused, entry("b")), refused(failure))

        assert made.action == Send(entry("b"))
        assert found(made.state) == paused

    @pytest.mark.parametrize("failure", [RATE_LIMITED, FailureClass.AUTH_EXPIRED])
    def test_what_repeats_nothing_counts(self, failure: FailureClass) -> None:
        """A second 429, and a refusal of what cannot be refreshed, take it out as they would."""
        paused = replace(entry("a"), disabled=True, marked=True)

        made = after(pool(paused, entry("b")), refused(failure))

        assert made.action == Send(entry("b"))
        assert found(made.state).cooldown is not None

    def test_another_step_stays(self) -> None:
        """Money that is gone is told of a disabled entry, too."""
        paused = replace(entry("a"), disabled=True)

        made = after(pool(paused, entry("b")), refused(FailureClass.OUT_OF_CREDIT))

        assert found(made.state).cooldown is not None


def late(failure: FailureClass, **how: Any) -> Failed:  # noqa: ANN401  what `refused` takes
    """Return the event of such a failure, told when the caller had a part of the reply."""
    return replace(refused(failure, **how), late=True)


class TestLate:
    """A failure that a later event of a stream tells: nothing more is sent."""

    def test_a_throttle_leaves_the_mark(self) -> None:
        """It is the first of two."""
        made = after(pool(), late(RATE_LIMITED))

        assert (found(made.state).marked, made.action) == (True, Deliver())
        assert found(made.state).cooldown is None

    @pytest.mark.parametrize("failure", [RATE_LIMITED, FailureClass.USAGE_LIMITED])
    def test_a_refusal_takes_the_entry_out(self, failure: FailureClass) -> None:
        """A spent plan does, and the second throttle in a row; the strategy chooses nobody."""
        state = pool(replace(entry("a"), marked=True), entry("b"), strategy=Strategy.ROUND_ROBIN)

        made = after(state, late(failure))

        known = found(made.state).cooldown
        assert known is not None and known.failure is failure  # noqa: PT018  for the type checker
        assert (made.action, made.state.last) == (Deliver(), state.last)

    @pytest.mark.parametrize(
        "event",
        [
            pytest.param(late(FailureClass.OVERLOADED), id="no fault of the key"),
            pytest.param(late(FailureClass.FORBIDDEN), id="for this call only"),
            pytest.param(late(RATE_LIMITED, call=replace(CALL, probe=True)), id="of a probe"),
            pytest.param(late(FailureClass.AUTH_EXPIRED, secret="sk-old"), id="of an old token"),
            pytest.param(late(RATE_LIMITED, entry=EntryId("gone")), id="of a removed entry"),
        ],
    )
    def test_what_says_nothing_of_the_entry_changes_nothing(self, event: Failed) -> None:
        """Only the reply is delivered."""
        state = pool(login("a"), entry("b"))

        made = after(state, event)

        assert made.state is state
        assert made.action == Deliver()
