"""`PoolAuth` for `requests`.

    session = requests.Session(); session.auth = PoolAuth(pool)

The secret is in a request from its making to its reply, and seen by nothing but the connection: a
redirect is a copy that is made afterwards. A body that cannot be sent twice is sent once.
A call whose connection fails is under way until its error has been collected: nobody is told before.
"""

from collections.abc import Callable, Generator, MutableMapping
from copy import copy
from typing import Any, Final
from weakref import ref

import requests
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from credpool._calls.body import Beginning, Bodies, ResumedStream
from credpool._calls.decoded_body import DecodedBody, Pieces, Stream
from credpool._calls.flow import MAX_SENDS, Flow, Observer
from credpool._calls.sealed_headers import SealedHeaders
from credpool._engine.leases import Lease, LeasedStream
from credpool.model.messages import ANSWER, Answer
from credpool.model.terms import EntryId
from credpool.pool import Pool, engine_of
from credpool.providers.wire import Seal, origin

_LEAST_FAILURE: Final = 400


class _Asked:
    """A request, as a call sees it.

    The client's request holds the call, and not the reverse: no hook is told of a connection that
    fails, and the call ends, with its lease, when the client's error is collected.
    """

    def __init__(self, prepared: requests.PreparedRequest) -> None:
        self.prepared = ref(prepared)
        self.method = prepared.method or "GET"
        self.url = prepared.url or ""
        self.headers: Any = prepared.headers
        body: Any = prepared.body
        self.content: bytes = body.encode() if isinstance(body, str) else b""
        if isinstance(body, bytes):
            self.content = body
        self.again = body is None or isinstance(body, bytes | str) or _place(body) is not None

    def read(self) -> bytes:
        """Return the body, or nothing of one that is not text."""
        return self.content

    async def aread(self) -> bytes:
        """Return the body; nobody asks."""
        return self.content


class _Reply:
    """A reply, as a call sees it: its body comes decoded."""

    def __init__(self, response: requests.Response, asked: _Asked) -> None:
        self.response, self.request = response, asked
        self.status_code = response.status_code
        self.headers: MutableMapping[str, str] = CaseInsensitiveDict(response.headers)
        self.headers.pop("content-encoding", None)
        self.extensions: dict[str, object] = {}
        self.history: tuple[_Reply, ...] = ()
        self.stream: Stream = Pieces(response.raw)
        self.is_closed = self.is_stream_consumed = False

    content = b""

    def read(self) -> bytes:
        """Leave the body to whoever gets the reply."""
        return b""

    async def aread(self) -> bytes:
        """Leave the body; nobody asks."""
        return b""

    def delivered(self) -> requests.Response:
        """Return the client's reply, with its body from the beginning and what is known of it."""
        self.response.raw = DecodedBody(self.stream, self.response.raw)
        if "x-should-retry" in self.headers:  # spec: exhaust.no-sdk-retry+3
            self.response.headers["x-should-retry"] = self.headers["x-should-retry"]
        vars(self.response)["extensions"] = self.extensions  # as the other clients have them
        return self.response


class PoolAuth(AuthBase):
    """Answer each request of a session, or one alone, with an entry of the pool."""

    def __init__(
        self, pool: Pool, *, observe: Observer | None = None, max_sends: int = MAX_SENDS
    ) -> None:
        """Bind requests to a pool.

        Args:
            pool: the credentials.
            observe: is told every attempt of a call, when the call ends.
            max_sends: how many requests one call may send.

        Raises:
            BadInput: it is no pool, or one of the others cannot be used.
        """
        self._pool = pool
        self._flows = {most: _flow(pool, observe, most) for most in (max_sends, 1)}
        self._max_sends = max_sends

    def __repr__(self) -> str:
        return f"<credpool.requests.PoolAuth for requests: {self._pool!r}>"

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        """Give a request its secret, and look at its reply.

        Raises:
            PoolExhausted: every entry is out, and nothing is sent.
            WrongOrigin: the request goes to a host that is not the pool's.
            StoreError: a consequence could not be made durable.
            TypeError: this is a request of another library.
        """
        given: object = prepared
        if not isinstance(given, requests.PreparedRequest):
            library = type(given).__module__.partition(".")[0]
            raise TypeError(
                f"this is credpool.requests.PoolAuth; {library} takes credpool.{library}.PoolAuth"
            )
        call = _Call(self._started, prepared)
        prepared.register_hook("response", call.replied)
        return prepared

    def _started(self, prepared: requests.PreparedRequest, home: EntryId | None = None) -> "Steps":
        asked = _Asked(prepared)
        return self._flows[self._max_sends if asked.again else 1].sync(asked, home)


Steps = Generator[_Asked, _Reply, None]


class _Call:
    """The call of one request: its replies come to `replied`, those of redirects too."""

    def __init__(
        self,
        start: Callable[[requests.PreparedRequest, EntryId | None], Steps],
        prepared: requests.PreparedRequest,
    ) -> None:
        self._start = start
        self._home, self._method = origin(prepared.url or ""), prepared.method
        self._place = _place(prepared.body)
        self._known: dict[str, object] = {}
        self._steps: Steps | None = start(prepared, None)
        self._asked = next(self._steps)
        _take(prepared, self._asked)

    def replied(
        self, response: requests.Response, *_: object, **how: object
    ) -> requests.Response | None:
        """Take a reply, and return the one that the call ends with."""
        _hide(response.request)  # it may be a copy that a program has made
        here = origin(response.url)
        if self._steps is None:
            vars(response)["extensions"] = self._known
            if here != self._home:
                self._home = ""  # spec: security.redirect+3
            elif response.status_code >= _LEAST_FAILURE and response.request.method == self._method:
                return self._once_more(response, how)
            return None
        steps, self._steps = self._steps, None
        return self._ended(steps, self._asked, response, how)

    def _once_more(self, response: requests.Response, how: dict[str, object]) -> requests.Response:
        """Send again, with a secret, what was refused where no redirect carries one."""
        prepared = response.request.copy()
        response.close()
        answer = self._known.get(ANSWER)
        steps = self._start(prepared, answer.entry if isinstance(answer, Answer) else None)
        asked = next(steps)
        return self._ended(steps, asked, self._sent(prepared, asked, response, how), how)

    def _ended(
        self, steps: Steps, asked: _Asked, response: requests.Response, how: dict[str, object]
    ) -> requests.Response:
        """Go on with what the call wants sent, until it ends."""
        try:
            while True:
                _hide(asked.prepared())
                reply = _Reply(response, asked)
                try:
                    asked = steps.send(reply)
                except StopIteration:
                    self._home, self._known = origin(response.url), reply.extensions
                    return reply.delivered()
                response.close()
                response = self._sent(response.request.copy(), asked, response, how)
        finally:
            steps.close()

    def _sent(
        self,
        prepared: requests.PreparedRequest,
        asked: _Asked,
        before: requests.Response,
        how: dict[str, object],
    ) -> requests.Response:
        if self._place is not None:
            body: Any = prepared.body
            body.seek(self._place)
        _take(prepared, asked)
        adapter: Any = vars(before)["connection"]
        try:
            response: requests.Response = adapter.send(prepared, **how)
        finally:
            _hide(prepared)
        return response


def _flow(pool: Pool, observe: Observer | None, max_sends: int) -> Flow[_Asked, _Reply]:
    return Flow(
        engine_of(pool),
        sealed=_sealed,
        read=Bodies(_resume, lambda _, raw: raw),
        hold=_hold,
        observe=observe,
        max_sends=max_sends,
    )


def _sealed(request: _Asked, url: str | None, sealed: Seal) -> _Asked:
    """Return the request with the secret in it, for another URL if one is given."""
    made = copy(request)  # spec: request.unchanged+1
    dropped = {name.decode() for name in sealed.drop}
    # spec: security.caller-headers+3
    stored = {n: v for n, v in request.headers.items() if n.lower() not in dropped}
    plain = {name.decode(): value.decode() for name, value in sealed.plain}
    made.headers = SealedHeaders(stored | plain, (sealed.name.decode(), sealed.value.decode()))
    made.url = url or request.url
    if url is not None:
        made.headers.pop("host", None)  # the connection writes its own
    return made


def _resume(reply: _Reply, beginning: Beginning) -> None:
    """Let the body begin with what has been read of it."""
    reply.stream = ResumedStream(reply.stream, beginning)


def _hold(reply: _Reply, lease: Lease) -> None:
    """Let the lease end with the body of the reply."""
    reply.stream = LeasedStream(reply.stream, lease)


def _take(prepared: requests.PreparedRequest, asked: _Asked) -> None:
    """Make the client's request the one that is to be sent."""
    prepared.url, prepared.headers = asked.url, asked.headers


def _hide(prepared: requests.PreparedRequest | None) -> None:
    """Leave no secret in a request that has been sent: hooks, redirects and errors see what is left."""
    if prepared is not None and isinstance(prepared.headers, SealedHeaders):
        prepared.headers = prepared.headers.shown()


def _place(body: object) -> int | None:
    """Return where a body begins that can be read again from there; None for any other."""
    seekable: object = getattr(body, "seekable", None)
    tell: object = getattr(body, "tell", None)
    if not callable(seekable) or not callable(tell) or not seekable():
        return None
    place: object = tell()
    return place if isinstance(place, int) else None
