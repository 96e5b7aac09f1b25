"""Turn a scenario's scripted replies into full ones, and fill in what is known when they are sent.

Shorthands: `ok`, `stream`, `token_ok`, `provider/rule`.  Placeholders: `$epoch+30` and its kind.
Not the sending: see `mock`.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.scenario import Redirect, Reply
from credpool_conformance.scenarios.successes import EVENT_STREAM, JSON_HEADERS, dialect
from credpool_conformance.specification.registry import Registry

_PLACEHOLDER: Final = re.compile(
    r"\$(?:(?P<form>epoch_ms|epoch|iso|date)(?P<offset>[+-]\d+(?:\.\d+)?)?|jwt:(?P<account>[a-z]+)(?:/(?P<workspace>[a-z]+))?"
    r"|(?P<token>access|refresh|device)\b)"
)
_TOKEN_OK: Final[Mapping[str, Json]] = {
    "access_token": "$access",
    "refresh_token": "$refresh",
    "token_type": "Bearer",
    "expires_in": 3600,
}
_DEVICE_OK: Final[Mapping[str, Json]] = {
    "device_code": "$device",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://login.example/device",
    "expires_in": 600,
    "interval": 5,
}
_MODEL_PATH: Final = "{model}"

Mint = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A reply as it went over the wire."""

    name: str
    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...]
    streamed: bool
    drop: bool

    @property
    def body(self) -> str:
        """The whole body, as text."""
        return b"".join(self.chunks).decode()


class UnknownExampleError(Exception):
    """A reply that names an example nobody wrote."""


def scripted(name: str, raw: Json, provider: str, registry: Registry, where: str = "") -> Reply:
    """Read one scripted reply; `where` is the scenario's own line.

    Raises: UnknownExampleError when it names an example that does not exist.
    """
    written = fields(raw) if isinstance(raw, dict) else {"example": raw}
    has_example = "example" in written
    base = _example(text(written.get("example")), provider, registry) if has_example else {}
    redirect = written.get("redirect")
    stream = written.get("stream", base.get("stream"))
    status = written.get("status", base.get("status", 307 if redirect else 200))
    return Reply(
        name=name,
        status=status if isinstance(status, int) else 200,
        headers=_merged(base.get("headers"), fields(written.get("headers")), stream),
        body=written.get("body", base.get("body")),
        pad=pad if isinstance(pad := written.get("pad"), int) else 0,
        stream=tuple(text(chunk) for chunk in items(stream)) if "body" not in written else (),
        hold=text(written.get("hold")) or None,
        redirect=Redirect(redirect) if redirect else None,
        drop=written.get("drop") is True,
        always=written.get("always") is True,
        calendar=_is_of_the_calendar(text(written.get("example")), registry),
        source=_source(written, registry, where),
    )


def render(reply: Reply, now: float, mint: Mint, location: str | None) -> Sent:
    """Fill in the placeholders: times relative to now, and new tokens."""

    def fill(value: Json) -> Json:
        match value:
            case str():
                return _fill_text(value, now, mint)
            case list():
                return [fill(item) for item in value]
            case dict():
                return {key: fill(item) for key, item in value.items()}
            case _:
                return value

    headers = [(key, str(fill(value))) for key, value in _lines(reply.headers)]
    if location:
        headers.append(("location", location))
    streamed = bool(reply.stream)
    whole = _body(fill(reply.body)) + " " * reply.pad
    chunks = [str(fill(chunk)) for chunk in reply.stream] if streamed else [whole]
    if streamed:
        chunks[0] += " " * reply.pad
    return Sent(
        name=reply.name,
        status=reply.status,
        headers=tuple(headers),
        chunks=tuple(chunk.encode() for chunk in chunks),
        streamed=streamed,
        drop=reply.drop,
    )


def request_path(provider: str, model: str) -> str:
    """Write the path that a request for this model takes."""
    return dialect(provider).path.replace(_MODEL_PATH, model)


def names_model_in_path(provider: str) -> bool:
    """Tell whether the provider's path names the model, and its body does not."""
    return _MODEL_PATH in dialect(provider).path


def _example(name: str, provider: str, registry: Registry) -> Mapping[str, Json]:
    match name:
        case "ok":
            return {"status": 200, "headers": {**JSON_HEADERS}, "body": dialect(provider).success}
        case "stream":
            spoken = dialect(provider)
            headers: dict[str, Json] = {"content-type": spoken.stream_type}
            return {"status": 200, "headers": headers, "stream": [*spoken.stream]}
        case "token_ok":
            return {"status": 200, "headers": {**JSON_HEADERS}, "body": {**_TOKEN_OK}}
        case "device_ok":
            return {"status": 200, "headers": {**JSON_HEADERS}, "body": {**_DEVICE_OK}}
        case _ if name in registry.examples:
            return registry.examples[name].reply
        case _:
            raise UnknownExampleError(name)


def _is_of_the_calendar(name: str, registry: Registry) -> bool:
    example = registry.examples.get(name)
    return example is not None and isinstance(example.fields.get("hint"), dict)


def _source(written: Mapping[str, Json], registry: Registry, where: str) -> str:
    """Say where a reply is written: a rule's example in the registry, changed by a scenario or not."""
    example = registry.examples.get(text(written.get("example")))
    if example is None:
        return where
    changed = written.keys() & {"status", "headers", "body", "stream", "pad"}
    return f"{example.source}, changed by {where}" if changed else example.source


def _merged(base: Json, added: Mapping[str, Json], stream: Json) -> dict[str, Json]:
    default = EVENT_STREAM if stream else JSON_HEADERS
    # An example without headers is meant so; only a reply from scratch gets the usual ones.
    written = default if base is None else fields(base)
    lower = {key.lower(): value for key, value in written.items()}
    lower.update({key.lower(): value for key, value in added.items()})
    return {key: value for key, value in lower.items() if value is not None}


def _lines(headers: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield each header as a line of its own, a list as several."""
    for key, value in headers.items():
        for line in value if isinstance(value, list) else [value]:
            if line is not None:
                yield key, line


def _body(value: Json) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _fill_text(value: str, now: float, mint: Mint) -> Json:
    whole = _PLACEHOLDER.fullmatch(value)
    if whole:
        return _value(whole, now, mint)
    return _PLACEHOLDER.sub(lambda found: str(_value(found, now, mint)), value)


def _value(found: re.Match[str], now: float, mint: Mint) -> Json:
    if found["token"]:
        return mint(found["token"])
    if found["account"]:
        return _id_token(found["account"], found["workspace"])
    moment = now + float(found["offset"] or 0)
    match str(found["form"]):
        case "epoch":
            return _number(moment)
        case "epoch_ms":
            return round(moment * 1000)
        case "iso":
            precision = "seconds" if moment == int(moment) else "milliseconds"
            written = datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision)
            return written.replace("+00:00", "Z")
        case _:
            return formatdate(moment, usegmt=True)


def _id_token(account: str, workspace: str | None) -> str:
    """Write a token that says whose login it is; nobody has signed it."""
    claims: dict[str, Json] = {"sub": account, "email": f"{account}@example.com"}
    if workspace:
        claims["https://api.openai.com/auth"] = {"chatgpt_account_id": workspace}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    written = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*written, "unsigned"])


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 3)
