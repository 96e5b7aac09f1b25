"""One call of the caller's, between an HTTP client and the pool (spec: recovery)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from credpool._engine.engine import Engine
from credpool.model.entry import Entry
from credpool.model.messages import (
    Action,
    Answer,
    Attempt,
    Call,
    Claimed,
    Decision,
    Deliver,
    Failed,
    Message,
    Refresh,
    Refreshed,
    RefreshFailed,
    Resumed,
    Send,
    Started,
    Succeeded,
)
from credpool.model.recovery import Step
from credpool.model.terms import EntryId, FailureClass
from credpool.providers.classify import classify
from credpool.providers.in_band import Failure, refusal
from credpool.providers.reply import Reply, lower_names
from credpool.rules.cooldown import exhaustion

_SERIAL: Final = count()

ToDecide = Started | Failed | Succeeded
"""An event of a call that only the pool can decide."""

_TO_DECIDE: Final = (Started, Failed, Succeeded)


def keep(engine: Engine, event: Refreshed) -> Decision:
    """Store new tokens, before they are used.

    Raises:
        StoreError: they could not be stored; they are kept in memory for the next try.
    """
    engine.unsaved[event.entry] = event.grant
    decision = engine.apply(event)
    engine.unsaved.pop(event.entry, None)  # spec: oauth.saved-first+3
    return decision


class ActiveCall:
    """One call in progress: tell it what happened, and it says what to do."""

    def __init__(
        self,
        engine: Engine,
        model: Callable[[], str | None],
        session: str | None = None,
        home: EntryId | None = None,
    ) -> None:
        self._engine = engine
        self._model = model
        self._started = engine.clock.now()
        self._session = session
        at_home = engine.sessions.home(session, self._started) if session else None
        self._home = home or at_home
        self.lease = engine.lease()
        self._call: Call | None = None  # a healthy call never needs one
        self._chosen: Entry | None = None
        self._open: Entry | None = None
        self._answered: Entry | None = None
        self._holder: str | None = None
        self._sent: Entry | None = None
        self.sends = 0

    @property
    def answer(self) -> Answer:
        """The entry that the latest reply came with, and what the call has done."""
        assert self._sent is not None, "there is a reply to something that was sent"
        label, attempts = self._sent.label or self._sent.id, tuple(self.attempts)
        return Answer(pool=self._engine.key, entry=self._sent.id, label=label, attempts=attempts)

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts of the call so far."""
        known = self._call.attempts if self._call is not None else ()
        last = self._answered or self._open
        if last is None:
            return known
        answered = self._open is None  # spec: recover.no-reply+2
        return (
            *known,
            Attempt(entry=last.id, failure=None, step=Step.DELIVER, answered=answered),
        )

    def start(self) -> Action:
        """Choose the first entry."""
        return self.settle(self._begun(self._engine.pick))

    async def start_async(self) -> Action:
        """Choose the first entry."""
        await self._engine.follow_async()
        return await self.settle_async(self._begun(self._engine.choose))

    def _begun(self, choose: Callable[..., Entry | None]) -> Action | ToDecide:
        """Choose the first entry, or say what is to be decided for it."""
        capped = self.lease is not None  # then choosing and counting are one step, under a lock
        entry = None if capped else choose(self._model, self._started, self._home)
        self._chosen = entry
        if entry is None:
            return Started(self.known)
        return Refresh(entry) if entry.is_due(self._engine.policy, self._started) else Send(entry)

    def sending(self, entry: Entry) -> None:
        """Note that a request goes out with the entry's secret."""
        self._open = self._sent = entry
        self.sends += 1
        chosen, self._chosen = self._chosen, None
        if chosen is None or chosen.id != entry.id:
            self._engine.unchosen(entry)
        self._engine.used(entry)

    def answered(self, entry: Entry) -> None:
        """Note that the provider answered, with a success or a redirect."""
        self._open, self._answered = None, entry

    def succeeded(self, entry: Entry, headers: Mapping[str, str]) -> Succeeded | None:
        """Note that the provider answered; return what there is to decide about it."""
        self.answered(entry)
        return self.proven(entry, self._engine.heard(entry, headers))

    def begins(self, entry: Entry, headers: Mapping[str, str]) -> "Ending":
        """Note that the provider answers; what that was is known when all of it has come."""
        self.answered(entry)
        return Ending(self, entry, headers, self._engine.heard(entry, headers))

    def proven(self, entry: Entry, owner: str | None) -> Succeeded | None:
        """Return what there is to decide about a success."""
        if self._session:
            until = self._engine.clock.now() + self._engine.policy.affinity_ttl
            self._engine.sessions.settle(self._session, entry.id, until)  # spec: affinity.move+2
        probing = self._call is not None and self._call.probe
        if probing or owner is not None or self._engine.is_marked(entry):
            assert entry.secret is not None, "only available entries are sent"
            return Succeeded(self.known, entry.id, entry.secret, owner)
        return None

    def failed(self, entry: Entry, reply: Reply, *, late: bool = False) -> Failed:
        """Return what a failing reply gives to decide; a late one came after the caller had a part."""
        assert entry.secret is not None, "only available entries are sent"
        provider, now = self._engine.provider, self._engine.clock.now()
        verdict = classify(reply, provider, entry.auth_type, now=now)
        owner = self._engine.heard(entry, reply.headers)
        return Failed(self.known, entry.id, entry.secret, verdict, owner, late)

    def read(self, failure: Failure, headers: Mapping[str, str]) -> Reply:
        """Return the failing reply that says what a success told of a failure."""
        return refusal(failure, lower_names(headers), self._engine.provider)

    def settle(self, step: Action | ToDecide) -> Action:
        """Decide what is to be decided, and say what to do.

        Raises:
            StoreError: what was decided could not be made durable, or the store cannot be read.
        """
        return self._decided(step) if isinstance(step, _TO_DECIDE) else step

    async def settle_async(self, step: Action | ToDecide) -> Action:
        """Decide as `settle` does, while the event loop goes on."""
        if not isinstance(step, _TO_DECIDE):
            return step
        return self._taken(step, await self._engine.apply_async(step, self.lease))

    def claim(self, entry: Entry, waits_since: float | None = None) -> Action:
        """Ask for the right to refresh the entry, or for what has come of it.

        Raises:
            StoreError: new tokens could still not be stored.
        """
        assert entry.secret is not None, "only available entries are sent"
        if self._holder is None:  # a claim outlives its call, so no two calls may share a name
            self._holder = f"{self._engine.holder}-{next(_SERIAL)}"
        unsaved = self._engine.unsaved.get(entry.id)
        if unsaved is not None and unsaved.replaces == entry.secret:
            # spec: oauth.saved-first.again+3
            keep(self._engine, Refreshed(self.known, entry.id, unsaved))
        out = entry.blocked(self._engine.clock.now(), self.known.model)
        asked = Claimed(self.known, entry.id, entry.secret, self._holder, out, waits_since)
        return self._decided(asked)

    def resumed(self, entry: Entry) -> Action:
        """Say how to go on with an entry after a wait."""
        assert entry.secret is not None, "only available entries are sent"
        out = entry.blocked(self._engine.clock.now(), self.known.model)
        return self._decided(Resumed(self.known, entry.id, entry.secret, out))

    def reread(self, entry: Entry) -> Action:
        """Look for a newer token where a borrowed one is from.

        Raises:
            StoreError: it could not be stored.
        """
        grant = self._engine.lender(entry)
        if grant is not None and grant.secret != entry.secret and grant.secret.flaw is None:
            new = replace(grant, replaces=entry.secret)
            self._call = keep(self._engine, Refreshed(self.known, entry.id, new)).call
        else:
            terminal = self.known.refused(entry.id) is FailureClass.AUTH_REVOKED
            message = "there is no newer token where this one is from"
            # spec: borrow.reread.none+2
            failed = RefreshFailed(self.known, entry.id, terminal, message, entry.secret)
            self._call = self._engine.apply(failed).call
        return self.resumed(entry)

    def stopped(self) -> Deliver:
        """End the call where its client sends no more, and tell which entries are left."""
        now, call = self._engine.clock.now(), self.known  # spec: recover.all-tried.bound+1
        return Deliver(exhaustion(self._engine.state, now=now, model=call.model, call=call))

    @property
    def known(self) -> Call:
        """The entries that the call has tried so far."""
        if self._call is None:
            self._call = Call(started=self._started, model=self._model(), home=self._home)
        return self._call

    def _decided(self, event: Message) -> Action:
        return self._taken(event, self._engine.apply(event, self.lease))

    def _taken(self, event: Message, decision: Decision) -> Action:
        """Go on as was decided; a success has ended the attempt by itself."""
        if not isinstance(event, Succeeded):
            self._open, self._call = None, decision.call
        return decision.action


class Ending:
    """The verdict on a streamed reply: settled when all of it has come, or it was closed.

    `settle` and `settle_async` are twins.
    """

    def __init__(
        self, active: ActiveCall, entry: Entry, headers: Mapping[str, str], owner: str | None
    ) -> None:
        self._active = active
        self._entry = entry
        self._headers = headers
        self._owner = owner

    def settle(self, failure: Failure | None) -> None:
        """Keep what it says of the entry: nothing more is sent.

        Raises:
            StoreError: it could not be made durable.
        """
        event = self.event(failure)
        if event is not None:
            self._active.settle(event)

    async def settle_async(self, failure: Failure | None) -> None:
        """Keep what it says of the entry, while the event loop goes on."""
        event = self.event(failure)
        if event is not None:
            await self._active.settle_async(event)

    def event(self, failure: Failure | None) -> Failed | Succeeded | None:
        """Return what there is to decide about it."""
        if failure is None:
            return self._active.proven(self._entry, self._owner)
        reply = self._active.read(failure, self._headers)  # spec: in-band.later+1
        return self._active.failed(self._entry, reply, late=True)
