"""What a failing reply means: its failure class (spec/classification.md).

Providers say one thing in many shapes, so a reply is first taken apart into what every rule looks
at: status, codes, message, headers and quotas. Then the first rule of the registry that matches
tells the class. The status alone never does, and nothing that a stranger writes can raise an error.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from minimal.rules import Provider, Rule, rules_for

CODES = (
    "error.code",
    "error.type",
    "error.status",
    "error.error_type",
    "error.details.error_code",
    "error.metadata.error_type",
    "error.metadata.limit_source",
    "error.availability.code",
    "error_type",
    "detail.code",
    "detail.error_code",
)
REASONS = "error.details[].reason"
FLAT_CODES = ("code", "type")
MESSAGES = ("error.message", "error", "message", "detail", "detail.message")
QUOTAS = "error.details[].violations[].quotaId"
MOST_ITEMS = 64
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
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8-sig", "replace")

    @cached_property
    def data(self) -> object:
        """The body as JSON; None when it is none."""
        return parsed(self.text)

    @cached_property
    def codes(self) -> frozenset[str]:
        """The machine-readable names, wherever they stand."""
        try:
            told = base64.b64decode(self.headers.get("x-error-json", ""), validate=True)
        except ValueError:
            told = b""
        header = parsed(told.decode("utf-8-sig", "replace"))
        return frozenset([*codes_of(self.data), *codes_of(header)])

    @cached_property
    def message(self) -> str:
        """The text for people, in which the case of A to Z does not count."""
        if self.data is None:  # spec: classify.any-body+2
            cut_off = not self.whole and self.text.lstrip().startswith(("{", "["))
            message = "" if cut_off else self.text
        else:  # spec: classify.message-only+2
            found = (value for place in MESSAGES for value in at(self.data, place))
            message = next((text for text in found if isinstance(text, str)), "")
        return lower(message[:LONGEST_MESSAGE])

    @cached_property
    def quotas(self) -> list[str]:
        """The quotas that are used up, by the provider's names."""
        return [quota for quota in at(self.data, QUOTAS) if isinstance(quota, str)]


def matching_rule(provider: Provider, reply: Reply, auth_type: str) -> Rule:
    """Return the first rule that matches: it gives the reply its failure class."""
    # spec: classify.registry+2, classify.unknown-code+2  a code that no rule names decides nothing
    return next(rule for rule in rules_for(provider) if matches(rule, reply, auth_type))


def matches(rule: Rule, reply: Reply, auth_type: str) -> bool:
    """Whether all the conditions of a rule hold."""
    wanted = rule.when.items()
    return all(CONDITIONS[name](value, reply, auth_type) for name, value in wanted)


CONDITIONS: Mapping[str, Callable[[Any, Reply, str], bool]] = {
    "status": lambda wanted, reply, _: any(is_status(reply.status, one) for one in listed(wanted)),
    "code": lambda wanted, reply, _: not reply.codes.isdisjoint(listed(wanted)),
    "message": lambda wanted, reply, _: contains(reply.message, wanted),
    "quota": lambda wanted, reply, _: any(
        part in quota for part in listed(wanted) for quota in reply.quotas
    ),
    "header": lambda wanted, reply, _: all(
        has_header(reply.headers.get(name), value) for name, value in wanted.items()
    ),
    "auth_type": lambda wanted, _, auth_type: wanted == auth_type,
}


def is_status(status: int, wanted: int | str) -> bool:
    """Whether a status is the wanted one, or of the wanted family."""
    return wanted in (status, "4xx" if status < 500 else "5xx")


def has_header(value: str | None, wanted: Any) -> bool:  # noqa: ANN401  a truth value, or texts
    """Whether a header is there, or absent, or contains one of the texts, as is wanted."""
    if isinstance(wanted, bool):
        return wanted is (value is not None)
    return value is not None and contains(lower(value), wanted)


def contains(text: str, wanted: Any) -> bool:  # noqa: ANN401  a text, or a list of them
    """Whether a text in lower case contains one of the wanted ones."""
    return any(lower(part) in text for part in listed(wanted))


def codes_of(data: object) -> Iterator[str]:
    """Yield the codes that a JSON document holds."""
    errors = [*at(data, "error")]
    nested = any(isinstance(error, dict) for error in errors)
    for place in CODES if nested else (*CODES, *FLAT_CODES):
        for code in at(data, place):
            if isinstance(code, str | int) and not isinstance(code, bool):
                yield str(code)
    yield from (reason for reason in at(data, REASONS) if isinstance(reason, str))
    yield from (name for name in errors if isinstance(name, str) and BARE_NAME.fullmatch(name))


def parsed(text: str) -> object:
    """Return the object that a JSON document is, or begins with; None for what is no JSON."""
    try:
        data = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    objects = (item for item in data if isinstance(item, dict)) if isinstance(data, list) else ()
    return next(iter(objects), data)


def refuse(word: str) -> float:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(word)


def at(data: object, place: str) -> Iterator[object]:
    """Yield what stands at a place; `[]` behind a name means each item of its list."""
    name, _, rest = place.partition(".")
    value = data.get(name.removesuffix("[]")) if isinstance(data, dict) else None
    if not name.endswith("[]"):
        items = [value]
    else:
        items = value[:MOST_ITEMS] if isinstance(value, list) else []
    for item in items:
        yield from at(item, rest) if rest else (item,)


def listed(value: Any) -> list[Any]:  # noqa: ANN401  what the registry has
    """Return one value or several as a list."""
    return value if isinstance(value, list) else [value]


def lower(text: str) -> str:
    """Return a text with its letters A to Z in lower case, and no others."""
    return text.translate(LOWER)
