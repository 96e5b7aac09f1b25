"""The failure class of a failing reply (spec/classification.md).

Providers say one thing in many shapes. So a reply is taken apart into what the rules look at:
status, codes, message, headers and quotas. Then the first rule that matches tells the class.
A reply is a stranger's text: whatever is in it, it is read, and raises no error.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from minimal.rules import Data, rules_of

IN_ERROR = ["code", "type", "status", "error_type", "details.error_code"]
IN_ERROR += ["metadata.error_type", "metadata.limit_source", "availability.code"]
CODES = [f"error.{place}" for place in IN_ERROR]
CODES += ["error_type", "detail.code", "detail.error_code", "base_resp.status_code"]
MESSAGES = ["error.message", "error", "message", "detail", "detail.message", "base_resp.status_msg"]
LONGEST_MESSAGE = 4096
BARE_NAME = re.compile(r"[a-z][a-z0-9_]*")
LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True)
class Reply:
    """A failing reply, as far as it was read; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @cached_property
    def data(self) -> object:
        """The body as JSON, or None."""
        return parsed(self.body)

    @cached_property
    def codes(self) -> frozenset[str]:
        """The names for machines, wherever they stand."""
        also: object = None
        with suppress(ValueError):
            also = parsed(base64.b64decode(self.headers.get("x-error-json", ""), validate=True))
        return frozenset([*codes_in(self.data), *codes_in(also)])

    @cached_property
    def message(self) -> str:
        """The text for people, its letters A to Z in lower case."""
        text = self.body.decode("utf-8-sig", "replace")  # spec: classify.any-body+2
        if not self.whole and text.lstrip().startswith(("{", "[")):
            text = ""
        if self.data is not None:  # spec: classify.message-only+2
            found = (value for place in MESSAGES for value in at(self.data, place))
            text = next(texts(found), "")
        return lower(text[:LONGEST_MESSAGE])

    @cached_property
    def quotas(self) -> list[str]:
        """The names of the quotas that are used up."""
        places = "error.details[].violations[].quotaId", "error.details[].metadata.quota_limit"
        return [*texts(quota for place in places for quota in at(self.data, place))]


def first_rule(provider: str, reply: Reply, auth_type: str) -> Data:
    """Return the rule that gives a reply its class: the first whose conditions all hold."""
    # spec: classify.registry+2, classify.unknown-code+2 (a code is only ever looked for)
    for rule in rules_of(provider):
        wanted = rule["when"].items()
        if all(CONDITIONS[name](listed(value), reply, auth_type) for name, value in wanted):
            return rule
    raise LookupError("the generic rules end with one for each family of statuses")


def has_header(found: str | None, wanted: Any) -> bool:  # noqa: ANN401  a truth value, or texts
    """Whether a header is there, or absent, or contains one of the texts, as is wanted."""
    if isinstance(wanted, bool):
        return wanted is (found is not None)
    return found is not None and any(lower(part) in lower(found) for part in listed(wanted))


CONDITIONS: Mapping[str, Callable[[list[Any], Reply, str], bool]] = {
    "status": lambda wanted, reply, _: (
        reply.status in wanted or ("4xx" if reply.status < 500 else "5xx") in wanted
    ),
    "code": lambda wanted, reply, _: not reply.codes.isdisjoint(wanted),
    "message": lambda wanted, reply, _: any(lower(part) in reply.message for part in wanted),
    "quota": lambda wanted, reply, _: any(part in each for part in wanted for each in reply.quotas),
    "header": lambda wanted, reply, _: all(
        has_header(reply.headers.get(name), value) for name, value in wanted[0].items()
    ),
    "auth_type": lambda wanted, _, auth_type: auth_type in wanted,
}


def codes_in(data: object) -> Iterator[str]:
    """Yield the codes that a JSON document has."""
    errors = [*at(data, "error")]
    nested = any(isinstance(error, dict) for error in errors)
    for place in CODES if nested else [*CODES, "code", "type"]:
        found = at(data, place)
        yield from (str(code) for code in found if type(code) in (str, int))
    yield from texts(at(data, "error.details[].reason"))
    yield from (name for name in texts(errors) if BARE_NAME.fullmatch(name))


def parsed(body: bytes) -> object:
    """Return what a JSON document is, of a list its first object; None for what is not JSON."""
    try:
        text = body.decode("utf-8-sig", "replace")
        data = json.loads(text, parse_constant=int)  # which refuses NaN, as JSON does
    except (ValueError, RecursionError):
        return None
    items = data if isinstance(data, list) else []
    return next((item for item in items if isinstance(item, dict)), data)


def at(data: object, place: str) -> Iterator[object]:
    """Yield what stands at a place; `[]` behind a name means each item of a list."""
    name, _, rest = place.partition(".")
    value = data.get(name.removesuffix("[]")) if isinstance(data, dict) else None
    items = value[:64] if isinstance(value, list) else []
    for item in items if name.endswith("[]") else [value]:
        yield from at(item, rest) if rest else [item]


def texts(values: Iterable[object]) -> Iterator[str]:
    """Yield those values that are texts."""
    return (value for value in values if isinstance(value, str))


def listed(value: Any) -> list[Any]:  # noqa: ANN401  one value, or a list of them
    """Return one value or several as a list."""
    return value if isinstance(value, list) else [value]


def lower(text: str) -> str:
    """Return a text with its letters A to Z, and no others, in lower case."""
    return text.translate(LOWER)
