"""Check the ids in the prose of the chapters: somebody requires each."""

import re
from collections.abc import Iterator
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.problems import Problem
from tools.sources.requirements import prose_lines
from tools.sources.specification import Specification

EVENTS: Final = "events"

_CODE: Final = re.compile(r"`([^`]+)`")
_ID: Final = re.compile(r"([a-z][a-z-]*)(\.[a-z][a-z-]*)+")


def prose_problems(spec: Specification) -> Iterator[Problem]:
    """Find ids that nobody requires."""
    families = {requirement.split(".")[0] for requirement in spec.requirements}
    told = _events(spec) | {"config.yaml"}
    for chapter in spec.chapters:
        for number, line in prose_lines(chapter):
            for name in _CODE.findall(line):
                known = name in spec.requirements or name in told
                if _ID.fullmatch(name) and name.split(".")[0] in families and not known:
                    what = f"speaks of {name}, which nobody requires"
                    yield Problem(chapter.path, number, what, "write the id of a requirement")


def _events(spec: Specification) -> set[str]:
    document = spec.tables.get(EVENTS)
    rows = items(fields(document.data).get("rows")) if document else []
    return {text(fields(row).get("event")) for row in rows}
