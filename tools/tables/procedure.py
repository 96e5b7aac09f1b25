"""Hold the numbered procedure of a call against the steps that it is checked by.

The list is in `spec/at-a-glance.md`, for people; the steps are in `spec/tables/procedure.yaml`.
An item of the list must begin with its step's title, and send the reader on to the steps that the
table names after it, and to no other.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from credpool_conformance.json_values import items, text
from credpool_conformance.problems import Problem
from tools.sources.requirements import Chapter
from tools.sources.specification import Specification, table_rows

TABLE: Final = "procedure"

_PAGE: Final = "at-a-glance.md"
_HEADING: Final = "## The procedure of a call"
_ITEM: Final = re.compile(r"[0-9]+\. \*\*(.+?)\*\*")
_STEPS: Final = re.compile(r"\bsteps? ([0-9]+(?:(?:, | or )[0-9]+)*)")
_NUMBER: Final = re.compile(r"[0-9]+")
_END: Final = re.compile(r"\bend\b(?! a probe)")
_FIX: Final = "correct the list, or spec/tables/procedure.yaml"


def procedure_problems(spec: Specification) -> Iterator[Problem]:
    """Find items of the list that are not the table's steps, or lead elsewhere."""
    steps = table_rows(spec, TABLE, "steps")
    chapter = next((c for c in spec.chapters if c.name == _PAGE), None)
    if not steps or chapter is None:
        return
    names = [text(step.get("step")) for step in steps]
    found = list(_items(chapter))
    if [title for _, title, _ in found] != [text(step.get("title")) for step in steps]:
        what = f"the procedure has the items {', '.join(title for _, title, _ in found)}"
        yield Problem(chapter.path, found[0][0] if found else 1, what, _FIX)
        return
    for number, (step, (line, title, said)) in enumerate(zip(steps, found, strict=True), start=1):
        wanted = {text(name) for name in items(step.get("next"))}
        leads = _leads_to(said, names, number)
        for name in sorted(leads ^ wanted):
            has = "leads to" if name in leads else "does not lead to"
            yield Problem(chapter.path, line, f"the step {title!r} {has} {name}", _FIX)


def _items(chapter: Chapter) -> Iterator[tuple[int, str, str]]:
    """Yield the items of the list: the line, the title, and all that belongs to it."""
    lines = chapter.source.splitlines()
    first = lines.index(_HEADING) + 1 if _HEADING in lines else len(lines)
    end = next((n for n in range(first, len(lines)) if lines[n].startswith("#")), len(lines))
    starts = [n for n in range(first, end) if _ITEM.match(lines[n])]
    for start, stop in pairwise([*starts, end]):
        title = _ITEM.match(lines[start])
        assert title is not None, "it has just matched"
        yield start + 1, title[1], " ".join(lines[start:stop])


def _leads_to(said: str, names: list[str], number: int) -> set[str]:
    """Return the steps that an item names, `end`, and the next one where it names none."""
    asked = " ".join(found[1] for found in _STEPS.finditer(said))
    leads = {names[int(n) - 1] for n in _NUMBER.findall(asked) if 0 < int(n) <= len(names)}
    leads |= {"end"} if _END.search(said) else set()
    return leads or set(names[number : number + 1])
