"""The documents that chapters cite, by a name in square brackets (spec: references).

A reference is normative when a requirement with MUST or MUST NOT, or a definition, cites it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.markdown import HEADING
from tools.sources.requirements import Chapter, prose_lines
from tools.sources.specification import Specification

TABLE: Final = "references"
CHAPTER: Final = "references.md"
_NORMATIVE: Final = "normative"
_INFORMATIVE: Final = "informative"
_MUSTS: Final = ("MUST", "MUST NOT")
_DEFINING_CHAPTER: Final = "terms.md"
_DEFINING: Final = ("Definition", "What is normative")

_CODE: Final = re.compile(r"`[^`]*`")
_CITATION: Final = re.compile(r"\[([A-Z][^\[\]]*)\](?![(:])")
_BARE: Final = re.compile(r"\b(?:RFC|BCP) ?[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One place at which a chapter cites a document."""

    name: str
    chapter: Chapter
    line: int
    rests: bool
    """Whether what a pool has to do rests on it there."""


def reference_problems(spec: Specification) -> Iterator[Problem]:
    """Find citations that are not listed, references that nobody cites, and those of a wrong kind."""
    document = spec.tables.get(TABLE)
    if document is None:
        return
    rows = [fields(row) for row in items(fields(document.data).get("rows"))]
    known = {text(row.get("name")) for row in rows}
    found = [cited for chapter in spec.chapters for cited in _citations(chapter)]
    for cited in found:
        if cited.name not in known:
            what = f"cites [{cited.name}], which is no reference"
            fix = "list it in spec/tables/references.yaml, or leave the brackets out"
            yield Problem(cited.chapter.path, cited.line, what, fix)
    for chapter in spec.chapters:
        yield from _bare(chapter)
    for index, row in enumerate(rows):
        places = [cited for cited in found if cited.name == text(row.get("name"))]
        kind = _NORMATIVE if any(cited.rests for cited in places) else _INFORMATIVE
        name = text(row.get("name"))
        if not places:
            fix = f"cite it as [{name}] where it applies, or remove the row"
            yield document.problem(("rows", index), f"no chapter cites {name}", fix)
        elif kind != row.get("kind"):
            what = f"{name} is {kind}, by where it is cited"
            yield document.problem(("rows", index, "kind"), what, f"write {kind}")


def reference_tables(spec: Specification) -> Mapping[str, str]:
    """Render the two lists, each reference with its link and the chapters that cite it."""
    document = spec.tables.get(TABLE)
    rows = [fields(row) for row in items(fields(document.data).get("rows"))] if document else []
    cited: dict[str, list[Chapter]] = defaultdict(list)
    for chapter in spec.chapters:
        for name in dict.fromkeys(found.name for found in _citations(chapter)):
            cited[name].append(chapter)
    return {
        f"{TABLE}-{kind}": table(
            ("reference", "document", "cited in"),
            [
                (
                    f'<a id="{_anchor(name)}"></a>{name}',
                    f"[{text(row.get('title'))}]({text(row.get('url'))})",
                    ", ".join(f"[{chapter.title}]({chapter.name})" for chapter in cited[name]),
                )
                for row in rows
                if row.get("kind") == kind and (name := text(row.get("name")))
            ],
        )
        for kind in (_NORMATIVE, _INFORMATIVE)
    }


def linked_references(spec: Specification, line: str) -> str:
    """Lead each citation of a line to its place in the list."""
    document = spec.tables.get(TABLE)
    rows = items(fields(document.data).get("rows")) if document else []
    known = {text(fields(row).get("name")) for row in rows}

    def link(found: re.Match[str]) -> str:
        return (
            f"[\\[{found[1]}\\]]({CHAPTER}#{_anchor(found[1])})" if found[1] in known else found[0]
        )

    return _CITATION.sub(link, line) if known else line


def _citations(chapter: Chapter) -> Iterator[Cited]:
    if chapter.name == CHAPTER:
        return
    musts = {
        line
        for requirement in chapter.requirements
        if requirement.keyword in _MUSTS
        for line in range(requirement.line, requirement.end + 1)
    }
    heading = ""
    for number, line in prose_lines(chapter):
        if title := HEADING.match(line):
            heading = title[1]
        defines = chapter.name == _DEFINING_CHAPTER or heading.startswith(_DEFINING)
        for name in _CITATION.findall(_CODE.sub("", line)):
            yield Cited(name=name, chapter=chapter, line=number, rests=defines or number in musts)


def _bare(chapter: Chapter) -> Iterator[Problem]:
    if chapter.name == CHAPTER:
        return
    for number, line in prose_lines(chapter):
        for found in _BARE.finditer(_CITATION.sub("", _CODE.sub("", line))):
            fix = f"write [{found[0]}], and list it in spec/tables/references.yaml"
            yield Problem(chapter.path, number, f"speaks of {found[0]} and does not cite it", fix)


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
