"""`PoolAuth` for `httpx2` clients, and for the SDKs built on them.

OpenAI(api_key="from-the-pool", http_client=openai.DefaultHttpxClient(auth=PoolAuth(pool)))
"""

from collections.abc import AsyncGenerator, Generator, Iterator

import httpx2

from credpool._calls.body import Beginning, Bodies, ResumedAsyncStream, ResumedStream
from credpool._calls.flow import MAX_SENDS, Flow, Observer
from credpool._calls.http2_log import mask_http2_log
from credpool._engine.leases import Lease, LeasedAsyncStream, LeasedStream
from credpool.pool import Pool, engine_of
from credpool.providers.wire import Seal


class SealedHeaders(httpx2.Headers):
    """Headers whose secret is on the wire alone: no hook, log, copy or redirect sees it."""

    def __init__(self, headers: httpx2.Headers, sealed: Seal) -> None:
        self._sealed = (sealed.name, sealed.value)
        # spec: security.caller-headers+3
        stored = [(name, value) for name, value in headers.raw if name.lower() not in sealed.drop]
        is_as_it_was = len(stored) == len(headers) and not sealed.plain  # then it is taken as it is
        super().__init__(headers if is_as_it_was else [*stored, *sealed.plain])

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """The header items as they are written to the connection."""
        return [*super().raw, self._sealed]  # spec: security.redirect+3

    def __reduce__(self) -> tuple[type[httpx2.Headers], tuple[list[tuple[str, str]]]]:
        return httpx2.Headers, (self.multi_items(),)  # spec: security.no-leak+2


class PoolAuth(httpx2.Auth):
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
        self._flow: Flow[httpx2.Request, httpx2.Response] = Flow(
            engine_of(pool),
            sealed=_sealed,
            read=Bodies(_resume, _decode),
            hold=_hold,
            observe=observe,
            max_sends=max_sends,
        )

    def __repr__(self) -> str:
        # a client of the other library shows this when it is given the wrong one
        return f"<credpool.httpx2.PoolAuth for httpx2 clients, httpx takes credpool.httpx.PoolAuth: {self._pool!r}>"

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Answer one request of a `Client`.

        Raises:
            PoolExhausted: every entry is out, and nothing was sent.
            WrongOrigin: the request goes to a host that is not the pool's.
            StoreError: a consequence could not be made durable.
        """
        return self._flow.sync(request)

    def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Answer one request of an `AsyncClient`; raises what `sync_auth_flow` raises."""
        return self._flow.run(request)


def _sealed(request: httpx2.Request, url: str | None, sealed: Seal) -> httpx2.Request:
    """Return the request with the secret in it, for another URL if one is given."""
    made = object.__new__(type(request))  # spec: request.unchanged+1
    vars(made).update(vars(request), extensions=dict(request.extensions))
    made.headers = SealedHeaders(request.headers, sealed)
    if url is not None:
        made.url = httpx2.URL(url)
        made.headers["host"] = made.url.netloc.decode("ascii")
    return made


class _ResumedStream(ResumedStream, httpx2.SyncByteStream):
    pass


class _ResumedAsyncStream(ResumedAsyncStream, httpx2.AsyncByteStream):
    pass


def _resume(response: httpx2.Response, beginning: Beginning) -> None:
    """Let the body begin with what has been read of it."""
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _ResumedStream(response.stream, beginning)
    else:
        response.stream = _ResumedAsyncStream(response.stream, beginning)


def _decode(response: httpx2.Response, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Decode a body as the client would decode a whole one."""
    coding = response.headers.get("content-encoding", "")
    return httpx2.Response(200, headers={"content-encoding": coding}, content=raw).iter_bytes()


class _LeasedStream(LeasedStream, httpx2.SyncByteStream):
    pass


class _LeasedAsyncStream(LeasedAsyncStream, httpx2.AsyncByteStream):
    pass


def _hold(response: httpx2.Response, lease: Lease) -> None:
    """Let the lease end with the body of the reply."""
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _LeasedStream(response.stream, lease)
    else:
        response.stream = _LeasedAsyncStream(response.stream, lease)
