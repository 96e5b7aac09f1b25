"""Tell prose from code in Markdown, and find BCP 14 keywords in the prose.

Only what the specification's chapters need; not a Markdown parser.
"""

import re
from collections.abc import Sequence
from typing import Final

HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*$")

_KEYWORD = re.compile(
    r"\b(MUST(?: NOT)?|SHALL(?: NOT)?|SHOULD(?: NOT)?|REQUIRED|(?:NOT )?RECOMMENDED|MAY|OPTIONAL)\b"
)
_FENCE = re.compile(r"\s*(```|~~~)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def fenced_lines(lines: Sequence[str]) -> list[bool]:
    """Tell which lines belong to a fenced code block, the fences included."""
    inside: list[bool] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        inside.append(bool(fence or mark))
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1] == fence:
            fence = ""
    return inside


def keywords(line: str) -> list[str]:
    """Find the BCP 14 keywords of a line, in order, outside code spans."""
    return _KEYWORD.findall(_CODE.sub("", line))


def fold(value: str) -> str:
    """Make every run of whitespace one space."""
    return " ".join(value.split())


def breakable(name: str) -> str:
    """Render a name or an address for a narrow cell: as code that may break behind dot and slash."""
    parts = name.replace(".", ".<wbr>").replace("/", "/<wbr>").replace("/<wbr>/<wbr>", "//")
    return f"<code>{parts}</code>"
