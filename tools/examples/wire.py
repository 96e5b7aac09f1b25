"""Write requests and replies as short lines: a start line, the headers that matter, the body."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import Request
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.scenarios.script import Sent
from credpool_conformance.scenarios.successes import dialect
from credpool_conformance.testee.setup import CALLER_HEADERS
from tools.examples.masking import HOSTS

WIDTH: Final = 72
_MOST_LINES: Final = 14
_LONGEST: Final = 200
_PLAIN: Final = frozenset(
    {
        *CALLER_HEADERS,
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_OTHER: Final = f"https://{HOSTS[Origin.OTHER]}"
_JSON: Final = ("content-type", "application/json")
_PHRASES: Final = {
    200: "OK",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    529: "Overloaded",
}
"""Our own, since those of the standard library are other ones in each version of it."""


def request_lines(request: Request, callers: Collection[str]) -> Iterator[str]:
    """Write a request with its credential and what else is not on every request.

    `callers` are the headers that the caller put in.  A model's request has its body left out.
    """
    there = _OTHER if request.origin is Origin.OTHER else ""
    yield f"→ {request.method} {there}{request.path}"
    for name, value in request.headers:
        if name in callers or name not in _PLAIN:
            yield f"  {name}: {value}"
    if request.is_token or request.is_device:
        yield from (f"  {name}={value}" for name, value in _form(request.body))


def reply_lines(sent: Sent, provider: str, *, whole: bool = True) -> list[str]:
    """Write a reply, of a stream that is read on later the beginning.

    An ordinary success has no body worth the room.
    """
    if sent.drop and not sent.streamed:
        return ["← the connection breaks"]
    lines = [f"← {sent.status} {_PHRASES.get(sent.status, '')}".rstrip()]
    lines += [f"  {name}: {value}" for name, value in sent.headers if (name, value) != _JSON]
    if sent.streamed:
        return lines + (_chunks(sent.chunks, sent) if whole else _chunks(sent.chunks[:1]))
    if sent.body != json.dumps(dialect(provider).success):
        lines += [f"  {line}" for line in _shortened([*_body(sent)])]
    return lines


def rest_lines(sent: Sent) -> list[str]:
    """Write the rest of a stream of which the caller had the beginning."""
    return ["← the rest of the stream", *_chunks(sent.chunks[1:], sent)]


def _chunks(chunks: Iterable[bytes], sent: Sent | None = None) -> list[str]:
    said = b"".join(chunks).decode().splitlines()
    lines = [f"  {line}" for line in _shortened([line for line in said if line])]
    return [*lines, "← the stream breaks"] if sent and sent.drop else lines


def compact(value: Json, room: int = WIDTH) -> list[str]:
    """Write JSON in as few lines as fit; what is in too long a line is told apart by indents."""
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) <= room or not value or not isinstance(value, dict | list):
        return [whole]
    keys = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else None
    inner = [*value.values()] if isinstance(value, dict) else value
    opening, closing = "{}" if keys else "[]"
    lines = [opening]
    for index, item in enumerate(inner):
        first, *rest = compact(item, room - 2)
        comma = "," if index < len(inner) - 1 else ""
        written = [f"{keys[index] if keys else ''}{first}", *rest]
        written[-1] += comma
        lines += [f"  {line}" for line in written]
    return [*lines, closing]


def _body(sent: Sent) -> Iterator[str]:
    try:
        yield from compact(json.loads(sent.body))
    except ValueError:
        yield from sent.body.splitlines()
    if padding := len(sent.body) - len(sent.body.rstrip(" ")):
        yield f"… and {padding} blanks"


def _shortened(lines: list[str]) -> list[str]:
    cut = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …" for line in lines]
    left_out = len(cut) - _MOST_LINES
    return cut if left_out <= 1 else [*cut[:_MOST_LINES], f"… {left_out} more lines"]


def _form(body: str) -> list[tuple[str, str]]:
    try:
        told = json.loads(body)
    except ValueError:
        return parse_qsl(body)
    return [(name, str(value)) for name, value in told.items()]
