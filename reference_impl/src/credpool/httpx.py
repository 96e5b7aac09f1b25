"""`PoolAuth` for `httpx` clients: older SDKs, and whatever else is built on them."""

from collections.abc import AsyncGenerator, Generator, Iterator

import httpx

from credpool._calls.body import Beginning, Bodies, ResumedAsyncStream, ResumedStream
from credpool._calls.flow import MAX_SENDS, Flow, Observer
from credpool._calls.http2_log import mask_http2_log
from credpool._engine.leases import Lease, LeasedAsyncStream, LeasedStream
from credpool.pool import Pool, engine_of
from credpool.providers.wire import Seal


class SealedHeaders(httpx.Headers):
    """Headers whose secret is on the wire alone: no hook, log, copy or redirect sees it."""

    def __init__(self, headers: httpx.Headers, sealed: Seal) -> None:
        self._sealed = (sealed.name, sealed.value)
        # spec: security.caller-headers+3
        stored = [(name, value) for name, value in headers.raw if name.lower() not in sealed.drop]
        is_as_it_was = len(stored) == len(headers) and not sealed.plain  # then it is taken as it is
        super().__init__(headers if is_as_it_was else [*stored, *sealed.plain])

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """The header items as they are written to the connection."""
        return [*super().raw, self._sealed]  # spec: security.redirect+3

    def __reduce__(self) -> tuple[type[httpx.Headers], tuple[list[tuple[str, str]]]]:
        return httpx.Headers, (self.multi_items(),)  # spec: security.no-leak+2


class PoolAuth(httpx.Auth):
    """Answer each request of the client with an entry of the pool."""

    requires_request_body = True  # an attempt may have to be repeated

    def __init__(
        self, pool: Pool, *, observe: Observer | None = None, max_sends: int = MAX_SENDS
    ) -> None:
        """Bind a client to a pool.

        Args:
            pool: the credentials.
            observe: is told every attempt of a call, when the call ends.
            max_sends: how many requests one call may send. The client counts them as redirects,
                and breaks off when there are more than its `max_redirects`, 20 by default; for
                a pool of more than ten keys raise both, this to one more than the client's.

        Raises:
            BadInput: it is no pool, or one of the others cannot be used.
        """
        mask_http2_log()
        self._pool = pool
        self._flow: Flow[httpx.Request, httpx.Response] = Flow(
            engine_of(pool),
            sealed=_sealed,
            read=Bodies(_resume, _decode),
            hold=_hold,
            observe=observe,
            max_sends=max_sends,
        )

    def __repr__(self) -> str:
        # a client of the other library shows this when it is given the wrong one
        return f"<credpool.httpx.PoolAuth for httpx clients, httpx2 takes credpool.httpx2.PoolAuth: {self._pool!r}>"

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Answer one request of a `Client`.

        Raises:
            PoolExhausted: every entry is out, and nothing was sent.
            WrongOrigin: the request goes to a host that is not the pool's.
            StoreError: a consequence could not be made durable.
        """
        return self._flow.sync(request)

    def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Answer one request of an `AsyncClient`; raises what `sync_auth_flow` raises."""
        return self._flow.run(request)


def _sealed(request: httpx.Request, url: str | None, sealed: Seal) -> httpx.Request:
    """Return the request with the secret in it, for another URL if one is given."""
    made = object.__new__(type(request))  # spec: request.unchanged+1
    vars(made).update(vars(request), extensions=dict(request.extensions))
    made.headers = SealedHeaders(request.headers, sealed)
    if url is not None:
        made.url = httpx.URL(url)
        made.headers["host"] = made.url.netloc.decode("ascii")
    return made


class _ResumedStream(ResumedStream, httpx.SyncByteStream):
    pass


class _ResumedAsyncStream(ResumedAsyncStream, httpx.AsyncByteStream):
    pass


def _resume(response: httpx.Response, beginning: Beginning) -> None:
    """Let the body begin with what has been read of it."""
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _ResumedStream(response.stream, beginning)
    else:
        response.stream = _ResumedAsyncStream(response.stream, beginning)


def _decode(response: httpx.Response, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Decode a body as the client would decode a whole one."""
    coding = response.headers.get("content-encoding", "")
    return httpx.Response(200, headers={"content-encoding": coding}, content=raw).iter_bytes()


class _LeasedStream(LeasedStream, httpx.SyncByteStream):
    pass


class _LeasedAsyncStream(LeasedAsyncStream, httpx.AsyncByteStream):
    pass


def _hold(response: httpx.Response, lease: Lease) -> None:
    """Let the lease end with the body of the reply."""
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _LeasedStream(response.stream, lease)
    else:
        response.stream = _LeasedAsyncStream(response.stream, lease)
