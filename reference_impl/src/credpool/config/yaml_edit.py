"""Set one name of one mapping in a YAML document; every other character stays as it is.

The document is not written again from what was read: a parser that writes loses what it does not know.
"""

import json
import re
from collections.abc import Collection
from typing import Final

from credpool.config.yaml_tree import Node, Pairs, Place, Scalar, compose
from credpool.config.yaml_values import is_nothing, own_values
from credpool.model.errors import BadConfig

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*")
_WORDS: Final = re.compile(r"(?i)null|true|false|yes|no|on|off|y|n")


def with_value(text: str, ours: Collection[str], table: str, name: str, value: str) -> str:
    """Return the document with `value` under `name` in the mapping `table` at its top.

    Raises:
        BadConfig: a part of it that is one of `ours` cannot be read, or it is written so that
            there is no place for the value.
    """
    before = own_values(text, ours)
    there = before.get(table)
    wanted = {**before, table: {**(there if isinstance(there, dict) else {}), name: value}}
    edited = _edited(text, compose(text), table, name, value)
    if own_values(edited, ours) != wanted:
        what = f"cannot be changed by a program as it is; write {name}: {value} there"
        raise BadConfig(table, what)
    return edited


def _edited(text: str, root: Node | None, table: str, name: str, value: str) -> str:
    """Return the text with the value in the first place that fits."""
    pair = f"{_key(name)}: {value}"
    whole = f"{table}: {{{json.dumps(name)}: {value}}}"
    if root is None or (is_nothing(root) and root.at.start == root.at.end):
        return _below(text, "", f"{table}:", f"  {pair}")
    if not isinstance(root, Pairs):
        return _replaced(text, root.at, whole)
    found = _pair(root, table)
    if found is None and root.flow:
        return _within(text, root, whole)
    if found is None:
        indent = _indent(text, root)
        return _below(text, indent, f"{table}:", f"  {pair}")
    return _set(text, *found, name, value)


def _set(text: str, key: Scalar, table: Node, name: str, value: str) -> str:
    """Return the text with the value under a name of a table that is there, or is null."""
    if is_nothing(table) and table.at.start == table.at.end:
        colon = text.index(":", key.at.end) + 1  # a comment may stand between it and the nothing
        return f"{text[:colon]} {{{json.dumps(name)}: {value}}}{text[colon:]}"
    if is_nothing(table):
        return _replaced(text, table.at, f"{{{json.dumps(name)}: {value}}}")
    if not isinstance(table, Pairs):
        raise BadConfig(f"{key.text}, {table.at}", "expected a mapping")
    _, there = _pair(table, name) or (None, None)
    if isinstance(there, Scalar):
        return _replaced(text, there.at, value)
    if there is not None:
        raise BadConfig(str(there.at), "expected the name of a strategy")
    if table.flow:
        return _within(text, table, f"{json.dumps(name)}: {value}")
    return _behind(text, table, f"{_key(name)}: {value}")


def _pair(node: Pairs, name: str) -> tuple[Scalar, Node] | None:
    return next(((k, v) for k, v in node.pairs if isinstance(k, Scalar) and k.text == name), None)


def _key(name: str) -> str:
    """Return a name as it is written outside braces."""
    plain = _PLAIN.fullmatch(name) and not _WORDS.fullmatch(name)
    return name if plain else json.dumps(name)


def _replaced(text: str, at: Place, value: str) -> str:
    if at.anchored:
        raise BadConfig(str(at), "other places refer to this one; write it out at each of them")
    return text[: at.start] + value + text[at.end :]


def _within(text: str, node: Pairs, pair: str) -> str:
    """Return the text with a pair behind the opening brace."""
    joint = ", " if node.pairs else ""
    return text[: node.at.end] + pair + joint + text[node.at.end :]


def _behind(text: str, node: Pairs, pair: str) -> str:
    """Return the text with a pair on a line of its own behind the last one."""
    indent = _indent(text, node)
    last = max(value.at.end for _, value in node.pairs)
    end = text.find("\n", last)
    return _below(text if end < 0 else text[:end], indent, pair) + (
        text[end + 1 :] if end >= 0 else ""
    )


def _below(text: str, indent: str, *lines: str) -> str:
    """Return the text with lines below it, in its own line ends."""
    newline = "\r\n" if "\r\n" in text else "\n"
    head = text if not text or text.endswith("\n") else text.removesuffix("\r") + newline
    return head + "".join(f"{indent}{line}{newline}" for line in lines)


def _indent(text: str, node: Pairs) -> str:
    """Return what stands before the first name of a mapping on its line."""
    start = node.pairs[0][0].at.start
    indent = text[text.rfind("\n", 0, start) + 1 : start]
    if indent.strip(" "):
        raise BadConfig(str(node.at), "is written so that no line can be added; add it by hand")
    return indent
