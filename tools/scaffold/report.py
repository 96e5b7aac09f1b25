"""Read the text that `credpool explain --report` has made, wherever in an issue it is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json

_BLOCK: Final = re.compile(
    r"^(?P<fence>`{3,})http\r?\nHTTP/1\.1 (?P<status>[1-5]\d\d)\r?\n"
    r"(?P<head>(?:[^\r\n]+\r?\n)*)\r?\n(?P<body>.*?)\r?\n(?P=fence)\s*$",
    re.MULTILINE | re.DOTALL,
)
_LINE: Final = re.compile(r"^- (?P<name>[a-z ]+): (?P<value>.+?)\s*$", re.MULTILINE)


REMOVED: Final = "<removed>"
"""In place of a value that nobody but its owner may see."""


class NoReportError(Exception):
    """The text is no report; it says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A reply, and what is told of it."""

    provider: str
    status: int
    headers: Mapping[str, str]
    body: Json
    day: str
    wanted: str | None

    @property
    def raw(self) -> bytes:
        """The body as it would be sent."""
        written = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return written.encode()


def read_report(text: str) -> Report:
    """Return the report that is in a text.

    Raises:
        NoReportError: there is none.
    """
    block = _BLOCK.search(text)
    if block is None:
        raise NoReportError("no block begins with ```http and HTTP/1.1 and a status")
    told = {line["name"]: line["value"] for line in _LINE.finditer(text, block.end())}
    missing = [name for name in ("provider", "day") if name not in told]
    if missing:
        raise NoReportError(f"below the reply there is no line `- {missing[0]}: …`")
    lines = (line.partition(":") for line in block["head"].splitlines())
    return Report(
        provider=told["provider"],
        status=int(block["status"]),
        headers={n.strip().lower(): v.strip() for n, _, v in lines if v.strip() != REMOVED},
        body=_body(block["body"]),
        day=told["day"],
        wanted=told.get("should be"),
    )


def _body(written: str) -> Json:
    try:
        found: Json = json.loads(written)
    except ValueError:
        return written
    return found if isinstance(found, dict | list) else written
