"""A failing reply, and what can be read from it whatever its shape (spec: classification)."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Final

_CODE_PATHS: Final = (
    ("error", "code"),
    ("error", "type"),
    ("error", "status"),
    ("error", "details", "error_code"),
    ("error", "metadata", "error_type"),
    ("error", "metadata", "limit_source"),
    ("error", "availability", "code"),
    ("error", "error_type"),
    ("error_type",),
    ("detail", "code"),
    ("detail", "error_code"),
    ("base_resp", "status_code"),
)
_FLAT_PATHS: Final = (("code",), ("type",))
_MESSAGE_PATHS: Final = (
    ("error", "message"),
    ("error",),
    ("message",),
    ("detail",),
    ("detail", "message"),
    ("base_resp", "status_msg"),
)
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_BARE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")

LONGEST_MESSAGE: Final = 4096
"""How many characters of a message are read."""

LONGEST_LIST: Final = 64
"""How many items of a list are read."""


def small(text: str) -> str:
    """Return a text with its letters A to Z in lower case; case counts for all others."""
    return text.translate(_SMALL)


@dataclass(frozen=True)
class Reply:
    """Status, headers (lower-case names) and body of a failing reply; not `whole`: its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    whole: bool = True

    @cached_property
    def data(self) -> object:
        """The body as JSON, a list's first object for a list, or None when it is none."""
        data = parsed(self.body)
        return _first_object(data) if isinstance(data, list) else data

    @property
    def told(self) -> Iterator[str]:
        """Every machine-readable name in the reply, in the order of the places."""
        yield from (*_codes(self.data), *_codes(self._header_error()))

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every machine-readable name in the reply."""
        return frozenset(self.told)

    @cached_property
    def message(self) -> str:
        """The text the provider wrote for people, or what text there is."""
        texts = (dig(self.data, *path) for path in _MESSAGE_PATHS)
        found = next((t for t in texts if isinstance(t, str)), None)
        return (self._text if found is None else found)[:LONGEST_MESSAGE]

    @cached_property
    def folded(self) -> str:
        """The message, for comparing without regard to case."""
        return small(self.message)

    @cached_property
    def quotas(self) -> tuple[str, ...]:
        """The quotas that a google.rpc.QuotaFailure or an ErrorInfo names."""
        told = (
            quota
            for detail in _details(self.data)
            for quota in (
                *(violation.get("quotaId") for violation in _list(detail.get("violations"))),
                dig(detail, "metadata", "quota_limit"),
            )
        )
        return tuple(quota for quota in told if isinstance(quota, str))

    @property
    def _text(self) -> str:
        """The body of a reply that is not JSON; the beginning of JSON is not text for people."""
        if self.data is not None or (not self.whole and _JSON.match(self.body)):
            return ""  # spec: classify.message-only+2
        return self.body[: 4 * LONGEST_MESSAGE].decode("utf-8", "replace")

    def _header_error(self) -> object:
        try:
            return parsed(base64.b64decode(self.headers.get("x-error-json", ""), validate=True))
        except (binascii.Error, ValueError):
            return None


def lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def dig(data: object, *path: str) -> object:
    """Return what stands at the path, or None."""
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def parsed(raw: bytes) -> object:
    """Return what the JSON says, or None when it is none."""
    try:
        found: object = json.loads(raw, parse_constant=int)  # int refuses NaN, as JSON does
    except (ValueError, RecursionError):
        return None
    return found


def _first_object(items: list[object]) -> object:
    return next((item for item in items if isinstance(item, Mapping)), items)


def _codes(data: object) -> Iterator[str]:
    error = dig(data, "error")
    flat = () if isinstance(error, Mapping) else _FLAT_PATHS
    for path in (*_CODE_PATHS, *flat):
        value = dig(data, *path)
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)
    reasons = (detail.get("reason") for detail in _details(data))
    yield from (reason for reason in reasons if isinstance(reason, str))
    if isinstance(error, str) and _BARE_NAME.match(error):
        yield error


def _details(data: object) -> list[Mapping[str, object]]:
    return _list(dig(data, "error", "details"))


def _list(value: object) -> list[Mapping[str, object]]:
    items = value[:LONGEST_LIST] if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]
