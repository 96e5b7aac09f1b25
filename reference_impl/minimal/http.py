"""The pool as an HTTP client; the socket, the clock, the lock and the dice are here (spec/security.md).

`PoolClient` is an `httpx.Client`, so whatever takes one can be given a pool. It sends a request
with one entry's credential to that entry's origin, has the reply judged, and does what was decided,
until a reply is delivered. What was read of a failing body comes again for the caller.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Container, Iterator
from typing import Any
from urllib.parse import unquote_plus

import httpx

from minimal.classify import Reply
from minimal.decide import Call, Decision, Verdict, decide, judge
from minimal.pool import Entry, Exhaustion, Pool, PoolExhausted, exhaustion_of
from minimal.rules import credential_headers
from minimal.select import select

MOST_BYTES = 64 * 1024
PATIENCE = 5.0
MOST_REDIRECTS = 10
SIP = 256
"""How many bytes are decoded at once: compressed, they can stand for a thousand times as many."""


class PoolClient(httpx.Client):
    """Answer each request with one of a pool's entries, whose secret it never shows.

    `pool` is the value of this moment, and can be looked at without effect.
    A request's extension `attempts` lists what was tried, with what outcome, and what then was done.
    A reply's extension `exhaustion` says why no entry was left.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        clock: Callable[[], float] = time.time,
        wait_until: Callable[[float], None] | None = None,
        draw: Callable[[], float] = random.random,
        **options: Any,  # noqa: ANN401  an httpx.Client's own
    ) -> None:
        options.setdefault("base_url", pool.provider.base_url or "")
        super().__init__(**options)
        self.pool = pool  # spec: pool.read.effect-free+2
        self._clock, self._draw, self._lock = clock, draw, threading.Lock()
        self._wait_until = wait_until or (lambda moment: time.sleep(max(moment - clock(), 0)))
        for entry in pool.entries:
            if entry.flaw:  # spec: pool.unusable.told+1
                logging.getLogger("minimal").warning("entry %s %s", entry.id, entry.flaw)

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        **options: Any,  # noqa: ANN401  as above
    ) -> httpx.Response:
        """Answer a request, sending as many as it takes.

        Raises:
            PoolExhausted: no entry is available, and nothing was sent.
        """
        wish = options.get("follow_redirects")
        follows = wish if isinstance(wish, bool) else self.follow_redirects
        request.read()
        call, entry = Call(), self._begin()
        attempts = request.extensions.setdefault("attempts", [])
        while True:
            attempts.append((entry.id, None, "deliver"))  # spec: recover.no-reply+2
            response, is_own = self._exchange(request, entry, follows=follows)
            if not is_own or 300 <= response.status_code < 400:  # spec: security.redirect.reply+2
                attempts[-1] = (entry.id, "ok", "deliver")
                return delivered(response, None, stream=stream)
            verdict = self._verdict(entry, response)
            decision, following = self._decide(call, entry, verdict)
            attempts[-1] = (entry.id, verdict.failure if verdict else "ok", decision.action)
            if following is None:
                return delivered(response, decision.exhaustion, stream=stream)
            response.close()
            if decision.until is not None:
                self._wait_until(decision.until)
            call, entry = decision.call, following

    def _begin(self) -> Entry:
        """Make a call's first selection."""
        with self._lock:
            now = self._clock()
            self.pool, entry = select(self.pool, (), now=now, draw=self._draw())
            if entry is None:
                raise PoolExhausted(exhaustion_of(self.pool, {}, now))
            return entry

    def _verdict(self, entry: Entry, response: httpx.Response) -> Verdict | None:
        """Judge a reply; a success is not read."""
        if response.is_success:  # spec: recover.stream.not-drained+2
            return None
        reply = read_beginning(response, self._clock)
        return judge(self.pool, entry, reply, now=self._clock())

    def _decide(
        self, call: Call, entry: Entry, verdict: Verdict | None
    ) -> tuple[Decision, Entry | None]:
        """Decide what follows, and with whom the call goes on; None: it ends."""
        with self._lock:
            now = self._clock()
            decision = decide(self.pool, call, entry.secret, verdict, now=now)
            self.pool, following = decision.pool, entry if decision.action == "retry" else None
            if decision.action in ("rotate", "try-next"):
                tried, draw = decision.call.tried, self._draw()
                self.pool, following = select(self.pool, tried, now=now, draw=draw)
            return decision, following

    def _exchange(
        self, request: httpx.Request, entry: Entry, *, follows: bool
    ) -> tuple[httpx.Response, bool]:
        """Send a request with an entry; return the reply, and whether its own origin gave it."""
        home = httpx.URL(entry.base_url)
        sent, is_own = self._sealed(request, entry, self._placed(request, entry)), True
        for _ in range(MOST_REDIRECTS + 1):
            response = super().send(sent, stream=True, auth=httpx.Auth(), follow_redirects=False)
            following = response.next_request
            if following is None or not follows:  # spec: request.redirect+1
                return response, is_own
            response.close()
            is_own = is_own and origin(following.url) == origin(home)  # spec: security.redirect+3
            sent = self._sealed(following, entry if is_own else None, str(following.url))
        # spec: security.redirect.limit+1
        raise httpx.TooManyRedirects("too many redirects in a row", request=request)

    def _placed(self, request: httpx.Request, entry: Entry) -> str:
        """Return where a request goes with an entry: to its base URL, and nowhere else."""
        url, base = str(request.url), str(self.base_url).rstrip("/")
        if not url.startswith((base + "/", base + "?")):  # spec: security.own-origin+2
            raise ValueError(f"a request to {origin(request.url)} is none for this pool: it is for {base}")
        return entry.base_url + url[len(base) :]

    def _sealed(self, request: httpx.Request, entry: Entry | None, url: str) -> httpx.Request:
        """Return a request with an entry's credential in place of every other; None: with none."""
        provider, headers = self.pool.provider, httpx.Headers(request.headers)
        for name in ("host", *credential_headers()):
            headers.pop(name, None)
        if entry is not None:  # spec: security.one-secret+3
            how, value = provider.credential(entry.auth_type), entry.secret.text
            headers[how.header] = f"{how.scheme} {value}" if how.scheme else value
            for name, extra in how.extra_headers.items():  # spec: security.caller-headers+3
                told = headers.get(name)
                headers[name] = extra if told is None else f"{told},{extra}"
            with self._lock:  # spec: select.count+2
                count = self.pool.state(entry.secret).count + 1
                self.pool = self.pool.changed(entry.secret, count=count)
        place = without_credential(url, provider.credential_query)
        # spec: request.unchanged+1
        return httpx.Request(
            request.method,
            place,
            headers=headers,
            content=request.read(),
            extensions=request.extensions,
        )


class Resumed(httpx.SyncByteStream):
    """A body of which the beginning was read: it comes again, then the rest, as it came."""

    def __init__(self, stream: httpx.SyncByteStream, clock: Callable[[], float]) -> None:
        self._stream, self._rest = stream, iter(stream)
        self._error: Exception | None = None
        self.raw, self.whole, until = b"", False, clock() + PATIENCE
        try:  # spec: classify.bounded-body+1
            while len(self.raw) < MOST_BYTES and clock() < until:
                self.raw += next(self._rest)
        except StopIteration:
            self.whole = True
        except httpx.HTTPError as error:  # spec: classify.broken-body+1
            self._error = error

    def __iter__(self) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.raw  # spec: recover.whole-body+1
        if self._error is not None:
            raise self._error
        yield from self._rest

    def close(self) -> None:
        """Close the connection's own stream."""
        self._stream.close()


def read_beginning(response: httpx.Response, clock: Callable[[], float]) -> Reply:
    """Read as much of a failing reply as it takes to judge it."""
    assert isinstance(response.stream, httpx.SyncByteStream), "this client is synchronous"
    response.stream = resumed = Resumed(response.stream, clock)
    sips = (resumed.raw[start : start + SIP] for start in range(0, len(resumed.raw), SIP))
    plain, whole = b"", resumed.whole
    try:
        for part in httpx.Response(200, headers=response.headers, content=sips).iter_bytes():
            plain += part
            if len(plain) >= MOST_BYTES:
                whole = False
                break
    except httpx.DecodingError:
        whole = False
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, plain[:MOST_BYTES], whole)


def delivered(
    response: httpx.Response, exhaustion: Exhaustion | None, *, stream: bool
) -> httpx.Response:
    """Return a reply to the caller as it came."""
    if exhaustion is not None:
        response.extensions["exhaustion"] = exhaustion
        if exhaustion.is_whole:  # spec: exhaust.no-sdk-retry+3, exhaust.sdk-retry+1
            response.headers["x-should-retry"] = "false"
    if not stream:
        response.read()
    return response  # spec: reply.unchanged+1, recover.stream.no-retry+1


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port; the scheme's own port is None, written or not."""
    return url.scheme, url.host, url.port


def without_credential(url: str, names: Container[str]) -> str:
    """Return a URL without the credential that a caller has put into its query."""
    place, mark, query = url.partition("?")
    parts = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in names]
    return f"{place}{mark}{'&'.join(parts)}" if parts else place
