"""Whether a rule of the registry matches an example reply (spec: classification).

It is for the lints alone, and shares no code with what it judges.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text

_IN_ERROR: Final = ("code", "type", "status", "error_type", "details.error_code")
_DEEPER: Final = ("metadata.error_type", "metadata.limit_source", "availability.code")
_CODES: Final = (
    *(f"error.{place}" for place in (*_IN_ERROR, *_DEEPER)),
    *("error_type", "detail.code", "detail.error_code", "base_resp.status_code"),
)
_FLAT: Final = ("code", "type")
_MESSAGES: Final = (
    *("error.message", "error", "message", "detail", "detail.message", "base_resp.status_msg"),
)
_QUOTAS: Final = ("error.details[].violations[].quotaId", "error.details[].metadata.quota_limit")
_BARE: Final = re.compile(r"[a-z][a-z0-9_]*")


def matches(when: Mapping[str, Json], reply: Mapping[str, Json], auth_type: str) -> bool:
    """Whether every condition of a rule holds of an example."""
    return all(_CONDITIONS[name](value, reply, auth_type) for name, value in when.items())


def listed(value: Json) -> list[Json]:
    """Return one value or several as a list."""
    return value if isinstance(value, list) else [value]


def contains(whole: Json, part: Json) -> bool:
    """Whether a text holds another one, the case of letters aside."""
    return str(part).lower() in str(whole).lower()


def message(reply: Mapping[str, Json]) -> str:
    """Return the text that an example has for people."""
    body = _body(reply)
    if not isinstance(body, dict):
        return text(reply.get("body"))
    found = (value for place in _MESSAGES for value in _at(body, place))
    return next((value for value in found if isinstance(value, str)), "")


def _body(reply: Mapping[str, Json]) -> Json:
    body = reply.get("body")
    return next((e for e in body if isinstance(e, dict)), None) if isinstance(body, list) else body


def _codes(reply: Mapping[str, Json]) -> set[str]:
    headers = fields(reply.get("headers"))
    found = set(_codes_in(_body(reply)))
    try:
        told = json.loads(base64.b64decode(text(headers.get("x-error-json")) or "bnVsbA=="))
    except (ValueError, binascii.Error):
        return found
    return found | set(_codes_in(told))


def _codes_in(body: Json) -> Iterator[str]:
    error = fields(body).get("error")
    for place in _CODES if isinstance(error, dict) else (*_CODES, *_FLAT):
        for value in _at(body, place):
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield str(value)
    yield from (r for r in _at(body, "error.details[].reason") if isinstance(r, str))
    if isinstance(error, str) and _BARE.fullmatch(error):
        yield error


def _at(value: Json, place: str) -> Iterator[Json]:
    name, _, rest = place.partition(".")
    found = fields(value).get(name.removesuffix("[]"))
    for item in items(found) if name.endswith("[]") else [found]:
        yield from _at(item, rest) if rest else [item]


def _has_status(wanted: Json, reply: Mapping[str, Json], _auth: str) -> bool:
    status = str(reply.get("status"))
    return any(str(each) in (status, f"{status[:1]}xx") for each in listed(wanted))


def _has_quota(wanted: Json, reply: Mapping[str, Json], _auth: str) -> bool:
    named = [q for place in _QUOTAS for q in _at(_body(reply), place) if isinstance(q, str)]
    return any(text(part) in quota for part in listed(wanted) for quota in named)


def _has_header(wanted: Json, reply: Mapping[str, Json], _auth: str) -> bool:
    sent = fields(reply.get("headers"))
    return all(
        (name in sent) is value
        if isinstance(value, bool)
        else name in sent and any(contains(sent[name], part) for part in listed(value))
        for name, value in fields(wanted).items()
    )


_CONDITIONS: Final[Mapping[str, Callable[[Json, Mapping[str, Json], str], bool]]] = {
    "status": _has_status,
    "code": lambda wanted, reply, _: not _codes(reply).isdisjoint(map(str, listed(wanted))),
    "message": lambda wanted, reply, _: any(contains(message(reply), w) for w in listed(wanted)),
    "quota": _has_quota,
    "header": _has_header,
    "auth_type": lambda wanted, _, auth_type: wanted == auth_type,
}
