"""Read a `.env` file: `NAME=value` lines (spec: seeding, which states the subset).

Nothing is expanded and nothing is executed; a later line wins.
"""

import re
from typing import Final

_LINE: Final = re.compile(
    r"""
    ^ [ \t]* (?: export [ \t]+ )? (?P<name> [A-Za-z_][A-Za-z0-9_]* ) [ \t]* = [ \t]*
    (?: '(?P<literal> [^'\n]* )' | "(?P<quoted> (?: [^"\\\n] | \\. )* )" | (?P<bare> [^\n]*? ) )
    [ \t]* (?: (?<![^\s'"=]) \#.* )? $
    """,
    re.VERBOSE | re.MULTILINE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_MEANING: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> dict[str, str]:
    """Return the variables of a `.env` file; what is no assignment is passed over."""
    found = {}
    for line in _LINE.finditer(text.replace("\r\n", "\n")):
        quoted = line["quoted"]
        value = line["literal"] if quoted is None else _ESCAPE.sub(_unescaped, quoted)
        found[line["name"]] = line["bare"] if value is None else value
    return found


def _unescaped(found: re.Match[str]) -> str:
    return _MEANING.get(found[1], found[1])
