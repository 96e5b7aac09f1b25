"""The pool as an HTTP client (spec/security.md): the socket, the clock, the lock and the dice.

`PoolClient` is an `httpx.Client`, so whatever takes one can be given a pool. It sends a request with
an entry's credential, judges the reply, and does what was decided, until a reply is delivered. What
was read of a failing body, to judge it, comes again for the caller.
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
from minimal.decide import Call, Decision, decide, judge
from minimal.pool import Entry, Pool, PoolExhausted, exhaustion
from minimal.rules import credential, credential_headers, registry
from minimal.select import select

MOST_BYTES = 64 * 1024
PATIENCE = 5.0
MOST_REDIRECTS = 10
SIP = 256


class PoolClient(httpx.Client):
    """Answer each request with one of a pool's entries.

    `pool` is the value of this moment. A request's extension `attempts` lists what was tried: the
    entry, the failure class, and what followed. A reply's extension `exhaustion` says why no entry
    was left. Any number of threads can use one client.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        **options: Any,  # noqa: ANN401  those of an `httpx.Client`
    ) -> None:
        options.setdefault("base_url", registry()[pool.provider]["base_url"] or "")
        super().__init__(**options)
        self.pool = pool  # spec: pool.read.effect-free+2
        self._clock, self._sleep, self._draw = clock, sleep, draw
        self._lock = threading.Lock()
        for entry in pool.entries:
            if entry.flaw:  # spec: pool.unusable.told+1
                logging.getLogger("minimal").warning("entry %s %s", entry.id, entry.flaw)

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: object
    ) -> httpx.Response:
        """Answer a request, sending as many as it takes.

        Raises:
            PoolExhausted: no entry is available, and nothing was sent.
        """
        request.read()
        choice = options.get("follow_redirects")
        follows = choice if isinstance(choice, bool) else self.follow_redirects
        call, entry = Call(), self._begin()
        attempts: list[tuple[str, str | None, str]] = []
        request.extensions["attempts"] = attempts
        while True:
            attempts.append((entry.id, None, "deliver"))  # until there is a reply
            response, is_own = self._exchange(request, entry, follows=follows)
            failure, decision, following = self._decide(call, entry, response, is_own=is_own)
            attempts[-1] = (entry.id, failure, decision.action)
            if following is None:  # spec: recover.stream.no-retry+1, reply.unchanged+1
                if not stream:
                    response.read()
                return response
            response.close()
            if decision.wait:  # spec: recover.rate-limited.jitter+1 (none is added)
                self._sleep(decision.wait)
            call, entry = decision.call, following

    def _begin(self) -> Entry:
        """Make a call's first selection."""
        with self._lock:
            now = self._clock()
            self.pool, entry = select(self.pool, (), now=now, draw=self._draw)
            if entry is None:  # spec: exhaust.nothing-sent+2
                raise PoolExhausted(exhaustion(self.pool, {}, now))
            return entry

    def _decide(
        self, call: Call, entry: Entry, response: httpx.Response, *, is_own: bool
    ) -> tuple[str | None, Decision, Entry | None]:
        """Return what a reply means, what is decided, and with which entry the call goes on."""
        verdict, status = None, response.status_code
        if not is_own or 300 <= status < 400:  # spec: security.redirect.reply+2
            return "ok" if is_own else None, Decision(self.pool, call, "deliver"), None
        if status >= 400:  # spec: recover.stream.not-drained+2
            reply = read(response, self._clock)
            verdict = judge(self.pool, entry, reply, now=self._clock())
        with self._lock:
            now, following = self._clock(), None
            decision = decide(self.pool, call, entry.secret, verdict, now=now)
            self.pool = decision.pool
            if decision.action == "retry":
                following = entry
            elif decision.action != "deliver":
                tried = decision.call.tried
                self.pool, following = select(self.pool, tried, now=now, draw=self._draw)
        if why := decision.exhausted:
            response.extensions["exhaustion"] = why
            if why.is_whole:  # spec: exhaust.no-sdk-retry+3, exhaust.sdk-retry+1
                response.headers["x-should-retry"] = "false"
        return verdict.failure if verdict else "ok", decision, following

    def _exchange(
        self, request: httpx.Request, entry: Entry, *, follows: bool
    ) -> tuple[httpx.Response, bool]:
        """Send a request; return the reply, and whether the entry's own origin gave it."""
        own, is_own = origin(httpx.URL(entry.base_url)), True
        sent = self._sealed(request, self._place(request.url, entry), entry)
        for _ in range(MOST_REDIRECTS + 1):
            # spec: recover.no-reply+2, recover.fault.in-place+1 (an error is the caller's)
            response = super().send(sent, stream=True, auth=httpx.Auth(), follow_redirects=False)
            following = response.next_request
            if following is None or not follows:  # spec: request.redirect+1
                return response, is_own
            response.close()
            is_own = is_own and origin(following.url) == own  # spec: security.redirect+3
            sent = self._sealed(following, str(following.url), entry if is_own else None)
        # spec: security.redirect.limit+1, security.redirect.bare+1 (the secret goes along at once)
        raise httpx.TooManyRedirects("more than ten redirects in a row", request=request)

    def _place(self, url: httpx.URL, entry: Entry) -> str:
        """Return where a request goes with an entry: to its base URL, and nowhere else."""
        base, path = str(self.base_url).rstrip("/"), str(url)
        if not path.startswith((base + "/", base + "?")):
            raise ValueError(f"this pool is for {base}; use another client for {url.host}")
        return entry.base_url + path.removeprefix(base)  # spec: security.own-origin+2

    def _sealed(self, request: httpx.Request, url: str, entry: Entry | None) -> httpx.Request:
        """Return a request with an entry's credential in place of all others, or with none."""
        # spec: security.caller-headers+3, request.unchanged+1
        headers, provider = httpx.Headers(request.headers), self.pool.provider
        for name in ("host", *credential_headers()):
            headers.pop(name, None)
        if entry is not None:  # spec: security.one-secret+3
            how, value = credential(provider, entry.auth_type), entry.secret.text
            headers[how["header"]] = f"{how['scheme']} {value}" if how["scheme"] else value
            for name, flag in how.get("extra_headers", {}).items():
                headers[name] = ",".join(filter(None, [headers.get(name), flag]))
            with self._lock:  # spec: select.count+2
                count = self.pool.known(entry.secret).count + 1
                self.pool = self.pool.changed(entry.secret, count=count)
        place = without(url, registry()[provider].get("credential_query", ()))
        body, known = request.read(), request.extensions
        return httpx.Request(request.method, place, headers=headers, content=body, extensions=known)


class Resumed(httpx.SyncByteStream):
    """A body whose beginning was read: it comes again, then the rest, and breaks where it broke."""

    def __init__(self, stream: httpx.SyncByteStream, clock: Callable[[], float]) -> None:
        self._stream, self._rest = stream, iter(stream)
        self._error: httpx.HTTPError | None = None
        self.raw, self.whole, until = b"", False, clock() + PATIENCE
        try:  # spec: classify.bounded-body+1 (each read has the client's own time-out)
            while len(self.raw) < MOST_BYTES and clock() < until:
                self.raw += next(self._rest)
        except StopIteration:
            self.whole = True
        except httpx.HTTPError as error:  # spec: classify.broken-body+1
            self._error = error

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it came."""
        yield self.raw  # spec: recover.whole-body+1
        if self._error is not None:
            raise self._error
        yield from self._rest

    def close(self) -> None:
        """Close what is read from."""
        self._stream.close()


def read(response: httpx.Response, clock: Callable[[], float]) -> Reply:
    """Read as much of a failing reply as it takes to judge it."""
    assert isinstance(response.stream, httpx.SyncByteStream), "the client is synchronous"
    response.stream = body = Resumed(response.stream, clock)
    # a compressed byte can stand for a thousand, so few are decoded at once
    sips = (body.raw[start : start + SIP] for start in range(0, len(body.raw), SIP))
    text, whole = b"", body.whole
    try:
        for part in httpx.Response(200, headers=response.headers, content=sips).iter_bytes():
            text += part
            if len(text) > MOST_BYTES:
                text, whole = text[:MOST_BYTES], False
                break
    except httpx.DecodingError:
        whole = False
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, text, whole)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; the scheme's own port is None."""
    return url.scheme, url.host, url.port


def without(url: str, names: Container[str]) -> str:
    """Return a URL without the credential that a caller has put into its query."""
    place, _, query = url.partition("?")
    kept = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in names]
    return "?".join(filter(None, [place, "&".join(kept)]))
