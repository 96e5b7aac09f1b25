"""Get a newer token for an entry: refresh a login, or read a borrowed one again (spec: oauth)."""

from collections.abc import Awaitable, Callable
from typing import Final

from credpool.calls import ActiveCall
from credpool.core.events import Action, AwaitClaim, Exchange, Grant
from credpool.core.model import Entry
from credpool.core.reply import Reply
from credpool.oauth.refresh import Refusal, TokenRequest, read_token_reply, token_request
from credpool.pool import Pool

Post = Callable[[TokenRequest], Reply | None]
PostAsync = Callable[[TokenRequest], Awaitable[Reply | None]]

_POLL: Final = 0.1
"""How often somebody else's refresh is looked after, in seconds."""


class Renewal:
    """Renew the tokens of a pool's entries, each once for all who ask; `post` speaks to token hosts."""

    def __init__(self, pool: Pool, *, post: Post, post_async: PostAsync) -> None:
        self._pool = pool
        self._post = post
        self._post_async = post_async

    def run(self, active: ActiveCall, entry: Entry) -> Action:
        """Renew the entry's token, and say how the call goes on."""
        if entry.borrowed:
            return active.reread(entry)  # spec: borrow.no-refresh+1
        while isinstance(action := active.claim(entry), AwaitClaim):
            self._pool.clock.sleep(self._look_again(action), "claim")
        if not isinstance(action, Exchange):
            return action
        asked = token_request(action.entry, self._pool.provider)
        reply = self._post(asked) if isinstance(asked, TokenRequest) else None
        return self._exchanged(active, action.entry, asked, reply)

    async def run_async(self, active: ActiveCall, entry: Entry) -> Action:
        """Renew the entry's token, and say how the call goes on."""
        if entry.borrowed:
            return active.reread(entry)  # spec: borrow.no-refresh+1
        while isinstance(action := active.claim(entry), AwaitClaim):
            await self._pool.clock.sleep_async(self._look_again(action), "claim")
        if not isinstance(action, Exchange):
            return action
        asked = token_request(action.entry, self._pool.provider)
        reply = await self._post_async(asked) if isinstance(asked, TokenRequest) else None
        return self._exchanged(active, action.entry, asked, reply)

    def _look_again(self, action: AwaitClaim) -> float:
        return min(action.until, self._pool.clock.now() + _POLL)

    def _exchanged(
        self,
        active: ActiveCall,
        entry: Entry,
        asked: TokenRequest | Refusal,
        reply: Reply | None,
    ) -> Action:
        """Tell the pool what the token endpoint said."""
        outcome: Grant | Refusal
        if isinstance(asked, Refusal):
            outcome = asked
        elif reply is None:
            outcome = Refusal(terminal=False, message="the token endpoint did not answer")
        else:
            outcome = read_token_reply(reply, now=self._pool.clock.now())
        if isinstance(outcome, Refusal):
            return active.refresh_failed(entry, outcome)
        return active.refreshed(entry, outcome)
