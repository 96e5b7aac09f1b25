"""One call through an HTTP client, whichever client it is (spec: recovery, security).

`httpx2` and `httpx` have the same seam; the two modules of those names give it their own types.
`sync` and `run` are twins that perform; what to do next is decided in `rules`.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, MutableMapping, Sequence
from functools import partial
from itertools import dropwhile
from typing import Final, Generic, Protocol, TypeVar

from credpool._calls import body
from credpool._calls.body import is_read
from credpool._calls.call import ActiveCall, ToDecide
from credpool._calls.nothing_sent import exhausted
from credpool._calls.refresh import Renewal
from credpool._calls.request import model_of
from credpool._calls.sdk_errors import let_through
from credpool._calls.watch import Refusals, watch_of
from credpool._engine.engine import Engine
from credpool._engine.leases import Lease
from credpool.model.entry import Entry
from credpool.model.errors import CredpoolError
from credpool.model.exhaustion import EXHAUSTION
from credpool.model.messages import (
    ANSWER,
    Action,
    Attempt,
    Deliver,
    GiveUp,
    Refresh,
    Send,
    Wait,
)
from credpool.model.terms import EntryId
from credpool.providers.reply import Reply
from credpool.providers.wire import SESSION_HEADER, Seal, origin, seal, target, without_credential
from credpool.rules.given import check_part, check_sends

MAX_SENDS: Final = 21
"""How many requests a client sends for one call before it breaks off with an error."""

_LEAST_FAILURE: Final = 400


class Request(Protocol):
    """The part of a request that the flow uses."""

    method: str

    @property
    def url(self) -> object:
        """Where it goes."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Its headers."""

    @property
    def content(self) -> bytes:
        """Its body, once read."""

    def read(self) -> bytes:
        """Read the body."""

    async def aread(self) -> bytes:
        """Read the body."""


class Response(body.Response, Protocol):
    """The part of a response that the flow uses."""

    @property
    def request(self) -> Request:
        """The request that it answers; after a redirect, the last one."""

    @property
    def history(self) -> Sequence["Response"]:
        """The redirects that led to it."""


R = TypeVar("R", bound=Request)
A = TypeVar("A", bound=Response)
Observer = Callable[[Attempt], None]


class Flow(Generic[R, A]):
    """Drive calls through a client.

    `sealed` builds its requests, `read` reads its failing replies, `hold` keeps a lease with a reply.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        sealed: Callable[[R, str | None, Seal], R],
        read: body.Bodies[A],
        hold: Callable[[A, Lease], None],
        observe: Observer | None,
        max_sends: int,
    ) -> None:
        check_sends(max_sends)
        if observe is not None:
            check_part("observer", observe, "__call__", fix="give a function that takes an Attempt")
        self._engine = engine
        self._max_sends = max_sends
        self._sealed = sealed
        self._bodies = read
        self._refusals = Refusals(read, engine.provider, engine.clock.now)
        self._hold = hold
        self._renewal = Renewal(engine)
        self._observe = observe
        self._seals: dict[EntryId, tuple[Entry, Seal]] = {}

    def sync(self, request: R, home: EntryId | None = None) -> Generator[R, A, None]:
        """Answer one request, sending as many as it takes, and beginning at home if that is available."""
        active = self._begin(request, home)
        response: A | None = None
        try:
            action = active.start()
            while True:
                match action:
                    case Wait(entry, until) if active.sends < self._max_sends:
                        self._engine.clock.sleep(until, "retry")
                        action = active.resumed(entry)
                    case Send(entry) if active.sends < self._max_sends:
                        sent = self._outgoing(active, request, entry)
                        self._bodies.leave(response)
                        response = yield sent
                        while _lost_its_secret(sent, response) and active.sends < self._max_sends:
                            sent = self._outgoing(active, request, entry, response.request.url)
                            self._bodies.leave(response)
                            response = yield sent
                        foreign = _is_foreign(sent, response)
                        reply = None if foreign else self._refusals.read(response)
                        action = active.settle(_judged(active, sent, response, entry, reply))
                    case Refresh(entry):
                        action = self._renewal.run(active, entry)
                    case _:
                        # spec: recover.stream.no-retry+1
                        return self._leave(active, action, response)
        except CredpoolError as err:
            raise let_through(err)  # noqa: B904  it is the same
        finally:
            self._over(active)

    async def run(self, request: R) -> AsyncGenerator[R, A]:
        """Answer one request, sending as many as it takes."""
        active = await self._begin_async(request)
        response: A | None = None
        try:
            action = await active.start_async()
            while True:
                match action:
                    case Wait(entry, until) if active.sends < self._max_sends:
                        await self._engine.clock.sleep_async(until, "retry")
                        action = await self._engine.aside(partial(active.resumed, entry))
                    case Send(entry) if active.sends < self._max_sends:
                        sent = self._outgoing(active, request, entry)
                        self._bodies.leave(response)
                        response = yield sent
                        while _lost_its_secret(sent, response) and active.sends < self._max_sends:
                            sent = self._outgoing(active, request, entry, response.request.url)
                            self._bodies.leave(response)
                            response = yield sent
                        foreign = _is_foreign(sent, response)
                        reply = None if foreign else await self._refusals.read_async(response)
                        judged = _judged(active, sent, response, entry, reply)
                        action = await active.settle_async(judged)
                    case Refresh(entry):
                        action = await self._renewal.run_async(active, entry)
                    case _:
                        self._leave(active, action, response)
                        return
        except CredpoolError as err:
            raise let_through(err)  # noqa: B904  it is the same
        finally:
            self._over(active)

    def _begin(self, request: R, home: EntryId | None) -> ActiveCall:
        request.read()
        return self._begun(request, home)

    async def _begin_async(self, request: R) -> ActiveCall:
        await request.aread()
        return self._begun(request)

    def _begun(self, request: R, home: EntryId | None = None) -> ActiveCall:
        named = SESSION_HEADER in request.headers  # asking for what is not there takes long
        session = request.headers[SESSION_HEADER] if named else None
        return ActiveCall(
            self._engine, lambda: model_of(str(request.url), request.content), session, home
        )

    def _leave(self, active: ActiveCall, action: Action, response: A | None) -> None:
        """Leave the call; it is under way for as long as its reply is being read."""
        if isinstance(action, Send | Wait):  # the client sends no more
            action = active.stopped()
        _finish(self._engine, action, response)
        if response is not None:
            response.extensions[ANSWER] = active.answer
        if active.lease and response is not None and not response.is_closed:
            self._hold(response, active.lease)  # spec: lease.end+2
            active.lease = None

    def _over(self, active: ActiveCall) -> None:
        """Tell what the call has done, and count it no longer."""
        if active.lease is not None:
            active.lease.end()  # spec: lease.end+2
        if self._observe is not None:
            for attempt in active.attempts:
                self._observe(attempt)

    def _outgoing(self, active: ActiveCall, request: R, entry: Entry, moved: object = None) -> R:
        """Build the request that carries this entry's secret, to where the entry belongs."""
        engine, asked = self._engine, str(request.url)
        url = asked if moved is None else str(moved)
        elsewhere = target(url, entry, engine.provider, lambda: engine.bases) or url
        there = without_credential(elsewhere, engine.provider)  # spec: security.one-secret+3
        sealed = self._seal(entry, request.headers)
        active.sending(entry)
        return self._sealed(request, None if there == asked else there, sealed)

    def _seal(self, entry: Entry, headers: Mapping[str, str]) -> Seal:
        """Return how the entry's credential travels; what is fixed is worked out once."""
        known = self._seals.get(entry.id)
        if known is not None and known[0] is entry:
            return known[1]
        sealed = seal(entry, self._engine.provider, headers)
        if sealed.fixed:
            self._seals[entry.id] = (entry, sealed)
        return sealed


def _lost_its_secret(sent: Request, response: Response) -> bool:
    """Whether a redirect within the origin was refused, because no redirect carries a secret."""
    # spec: security.redirect.bare+1
    moved = response.request
    if moved is sent or response.status_code < _LEAST_FAILURE or moved.method != sent.method:
        return False
    own = origin(str(sent.url))
    # the client's history holds what came before `sent`, too
    hops = (*dropwhile(lambda r: r.request is not sent, response.history), response)
    return all(origin(str(r.request.url)) == own for r in hops)  # spec: security.redirect+3


def _is_foreign(sent: Request, response: Response) -> bool:
    """Whether a redirect's reply came, to a request that carried no secret."""
    return response.request is not sent


def _judged(
    active: ActiveCall, sent: Request, response: Response, entry: Entry, reply: Reply | None
) -> Action | ToDecide:
    """Return what the provider's reply gives to decide, if it was its; `reply` is a failing one."""
    watch = watch_of(response)
    if reply is not None:
        return active.failed(entry, reply)
    if _is_foreign(sent, response):  # spec: security.redirect.reply+2, pool.attribution+2
        return Deliver()
    if response.status_code < 300:
        if watch is None:
            return active.succeeded(entry, response.headers) or Deliver()
        watch.ending = active.begins(entry, response.headers)  # spec: in-band.no-success+1
        return (watch.ended() if is_read(response) else None) or Deliver()
    active.answered(entry)
    return Deliver()  # spec: request.redirect+1


def _finish(engine: Engine, action: Action, response: Response | None) -> None:
    """Leave the call with the latest reply, or with an error when there is none."""
    exhaustion = action.exhaustion if isinstance(action, Deliver | GiveUp) else None
    if response is None:
        raise exhausted(engine, exhaustion)  # spec: exhaust.same-provider+1
    if exhaustion is not None:  # spec: exhaust.last-reply+2, exhaust.all-tried+2
        response.extensions[EXHAUSTION] = exhaustion
        if exhaustion.is_whole:  # spec: exhaust.no-sdk-retry+3
            response.headers["x-should-retry"] = "false"  # spec: reply.unchanged+1
