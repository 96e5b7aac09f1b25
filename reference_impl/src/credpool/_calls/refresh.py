"""Get a newer token for an entry: refresh a login, or read a borrowed one again (spec: oauth).

A refresh is made in a thread of its own, from the request to the saving of what it brings. So
neither cancelling a call nor closing its event loop loses a login. Listeners are told of it in
that thread, with the context variables of the call.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

from credpool._calls import token_client
from credpool._calls.call import ActiveCall, keep
from credpool._engine.engine import Engine
from credpool._process.threads import detached, outcome
from credpool.model.entry import Entry
from credpool.model.messages import (
    Action,
    AwaitClaim,
    Call,
    Exchange,
    Grant,
    Refreshed,
    RefreshFailed,
)
from credpool.providers.grant import NoReply, Refusal, TokenRequest, read_token_reply, token_request
from credpool.providers.reply import Reply

Post = Callable[[TokenRequest, float], Reply | NoReply]

_POLL: Final = 0.1
"""How often somebody else's refresh is looked after, in seconds."""


class Renewal:
    """Renew the tokens of a pool's entries, each once for all who ask; `post` speaks to token hosts."""

    def __init__(self, engine: Engine, *, post: Post = token_client.post) -> None:
        self._engine = engine
        self._post = post

    def run(self, active: ActiveCall, entry: Entry) -> Action:
        """Renew the entry's token, and say how the call goes on.

        Raises:
            StoreError: new tokens could not be stored; they are kept in memory for the next try.
        """
        if entry.borrowed:
            return active.reread(entry)  # spec: borrow.no-refresh+2
        since, waited = self._engine.clock.now(), False
        while True:
            step = self._claimed(active, entry, since if waited else None)
            if isinstance(step, Future):
                step.result()
            elif isinstance(step, AwaitClaim):
                waited = True
                self._engine.clock.sleep(self._look_again(step), "claim")
            else:
                return step

    async def run_async(self, active: ActiveCall, entry: Entry) -> Action:
        """Renew the entry's token, and say how the call goes on; raises what `run` raises."""
        if entry.borrowed:
            # A command takes its time, for which the pool's own thread has none.
            return await outcome(detached(partial(active.reread, entry)))
        since, waited = self._engine.clock.now(), False
        while True:
            claimed = partial(self._claimed, active, entry, since if waited else None)
            step = await self._engine.aside(claimed)
            if isinstance(step, Future):
                await outcome(step)
            elif isinstance(step, AwaitClaim):
                waited = True
                await self._engine.clock.sleep_async(self._look_again(step), "claim")
            else:
                return step

    def _claimed(
        self, active: ActiveCall, entry: Entry, waits_since: float | None
    ) -> Action | Future[None]:
        """Ask for the right to refresh, and begin the refresh with it: no cancelling is between."""
        action = active.claim(entry, waits_since)
        if isinstance(action, Exchange):
            return self._begin(active.known, action.entry)
        return action

    def _look_again(self, action: AwaitClaim) -> float:
        return min(action.until, self._engine.clock.now() + _POLL)

    def _begin(self, call: Call, entry: Entry) -> Future[None]:
        """Begin the exchange; it ends whatever becomes of the caller."""
        return detached(partial(self._exchange, call, entry))  # spec: oauth.exchange.survives+1

    def _exchange(self, call: Call, entry: Entry) -> None:
        """Exchange the entry's refresh token, and keep what that brings.

        Raises:
            StoreError: new tokens could not be stored; they are kept in memory for the next try.
        """
        engine, holder = self._engine, entry.claim.holder if entry.claim is not None else None
        found = self._bought(entry)
        if isinstance(found, Grant):
            grant = replace(found, replaces=entry.secret, spent=entry.refresh_token)
            keep(engine, Refreshed(call, entry.id, grant, holder))
            return
        failed = RefreshFailed(
            call, entry.id, found.terminal, found.message, entry.secret, found.hint, holder
        )
        engine.apply(replace(failed, unanswered=found.unanswered))

    def _bought(self, entry: Entry) -> Grant | Refusal:
        """Return what the token endpoint gives for the entry's refresh token."""
        asked = token_request(entry, self._engine.provider)
        if isinstance(asked, Refusal):
            return asked
        reply = self._answer(asked)
        if isinstance(reply, NoReply):
            return Refusal(terminal=False, message=reply.message, unanswered=reply.sent)
        engine = self._engine
        return read_token_reply(reply, now=engine.clock.now(), gone=engine.provider.terminal)

    def _answer(self, asked: TokenRequest) -> Reply | NoReply:
        return self._post(asked, self._engine.policy.exchange_time)
