"""Pieces of HTML in which everything that is said is escaped."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from credpool_conformance.json_values import Json, text

_CODE: Final = re.compile("`([^`]+)`")


def e(value: Json) -> str:
    """Write a text so that it is one."""
    return escape(text(value))


def prose(value: Json) -> str:
    """Write a sentence of the specification, with its names as code."""
    return _CODE.sub(r"<code>\1</code>", e(value))


def said(value: str) -> str:
    """Write a long text between tags, where a quotation mark ends nothing."""
    return escape(value, quote=False)


def place(check: str) -> str:
    """Name the place of a check on the page."""
    return f"check:{check}"


def folded(title: str, content: str, *, is_open: bool = False) -> str:
    """Fold something away below its title, which is HTML as the content is."""
    begin = "<details open>" if is_open else "<details>"
    return f"{begin}<summary>{title}</summary>\n{content}</details>"


def cut(value: str, most: int) -> str:
    """Shorten a text."""
    return value if len(value) <= most else f"{value[:most]}…"


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Write names and values below each other."""
    cells = (f"<tr><th>{e(name)}</th><td>{e(value)}</td></tr>" for name, value in rows)
    return f"<table>{''.join(cells)}</table>"
