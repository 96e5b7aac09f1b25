"""Find what the requirements ask for in each cell of the decision table, and where they disagree.

A cell is a failure class in a situation.  The decision table speaks in it, and the requirements
that `spec/tables/refinements.yaml` lists; one that refines another replaces its word.
What is left must agree on one action and one effect: `cell_problems` sees to it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.documents import Document, Where
from tools.sources.specification import Specification, table_rows

TABLE: Final = "refinements"
ASPECTS: Final = ("action", "effect")

_TERMS: Final = "terms.md"
_ROTATES: Final = re.compile(r"\brotat(e|es|ing|ion)\b", re.IGNORECASE)
_FIX: Final = "correct the sentences, or write in spec/tables/refinements.yaml which one refines"
_LIST: Final = "add it to `says` of spec/tables/refinements.yaml, or to `beside` with a reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The statement of one requirement or definition on some cells; an aspect may be left out."""

    source: str
    cells: frozenset[tuple[str, str]]
    says: Mapping[str, str]
    refines: frozenset[str]
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A failure class in a situation: for each aspect, what is asked for and by whom."""

    failure: str
    situation: str
    demands: Mapping[str, Mapping[str, tuple[str, ...]]]

    def only(self, aspect: str) -> str:
        """Return what is asked for, or all that is when that is not one thing."""
        return " or ".join(self.demands[aspect]) or "nothing"

    @property
    def sources(self) -> tuple[str, ...]:
        """The users who ask for it, in order and once each."""
        asked = (names for demand in self.demands.values() for names in demand.values())
        return tuple(dict.fromkeys(name for names in asked for name in names))


def cells(spec: Specification) -> tuple[Cell, ...]:
    """Return every cell, by class and situation in the tables' order; none without the tables."""
    words = tuple(_words(spec))
    return tuple(
        Cell(
            failure=text(row.get("class")),
            situation=name,
            demands=_demands(words, (text(row.get("class")), name)),
        )
        for row in table_rows(spec, "recovery")
        for name in situations(spec)
    )


def situations(spec: Specification) -> Mapping[str, str]:
    """Return the situations, and what each means."""
    rows = table_rows(spec, TABLE, "situations")
    return {text(row.get("name")): text(row.get("means")) for row in rows}


def cell_problems(spec: Specification) -> Iterator[Problem]:
    """Find cells in which nobody or more than one speaks, and words that say nothing."""
    document = spec.tables.get(TABLE)
    if document is None:
        return
    yield from _unknown(spec, document)
    yield from _idle(spec, document)
    yield from _unlisted(spec, document)
    for cell in cells(spec):
        for aspect, demand in cell.demands.items():
            where = f"{cell.failure} in the situation {cell.situation}"
            if not demand:
                what = f"no requirement says the {aspect} for {where}"
                yield document.problem(("says",), what, _FIX)
            if len(demand) > 1:
                sides = "; ".join(f"{word} ({', '.join(ids)})" for word, ids in demand.items())
                what = f"requirements differ on the {aspect} for {where}: {sides}"
                yield document.problem(("says",), what, _FIX)


def _demands(words: Sequence[Word], cell: tuple[str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return for each aspect the words that no other one refines, and whose they are."""
    demands: dict[str, dict[str, tuple[str, ...]]] = {}
    for aspect in ASPECTS:
        speaking = [word for word in words if cell in word.cells and aspect in word.says]
        refined = {id_ for word in speaking for id_ in word.refines}
        left = [word for word in speaking if word.source not in refined]
        said = dict.fromkeys(word.says[aspect] for word in left)
        demands[aspect] = {
            what: tuple(dict.fromkeys(word.source for word in left if word.says[aspect] == what))
            for what in said
        }
    return demands


def _words(spec: Specification) -> Iterator[Word]:
    yield from _table_words(spec)
    rows = table_rows(spec, "recovery")
    for index, entry in enumerate(table_rows(spec, TABLE, "says")):
        classes = [text(row.get("class")) for row in rows if _is_chosen(row, entry.get("classes"))]
        names = [text(name) for name in items(entry.get("situations"))]
        yield Word(
            source=_id(entry) or f"definition of {text(entry.get('definition'))}",
            cells=frozenset((failure, name) for failure in classes for name in names),
            says={aspect: text(entry[aspect]) for aspect in ASPECTS if aspect in entry},
            refines=frozenset(text(id_) for id_ in items(entry.get("refines"))),
            where=("says", index),
        )


def _table_words(spec: Specification) -> Iterator[Word]:
    """Yield what the decision table itself says; where it has a second action, that one benches."""
    source = _id(_data(spec, TABLE), "table")
    for situation in table_rows(spec, TABLE, "situations"):
        reads = situation.get("reads")
        for row in table_rows(spec, "recovery") if reads else ():
            is_first = reads == "action" and row.get("then") is not None
            action = text(row.get("action")) if reads == "action" else text(row.get("then"))
            effect = {} if is_first else {"effect": _effect(row.get("cooldown"))}
            yield Word(
                source=source,
                cells=frozenset({(text(row.get("class")), text(situation.get("name")))}),
                says={"action": action or text(row.get("action")), **effect},
                refines=frozenset(),
                where=("table",),
            )


def _effect(cooldown: Json) -> str:
    if cooldown is None:
        return "none"
    return "dead" if cooldown == "forever" else "default"


def _is_chosen(row: Mapping[str, Json], classes: Json) -> bool:
    """Whether a row is one of the classes listed, or has what is asked of its columns."""
    if isinstance(classes, dict):
        return all(row.get(column) in items(value) for column, value in classes.items())
    return row.get("class") in items(classes)


def _unknown(spec: Specification, document: Document) -> Iterator[Problem]:
    """Find names in the table that nothing bears, and revisions that are not the sentence's."""
    for part in ("says", "beside"):
        for index, entry in enumerate(table_rows(spec, TABLE, part)):
            for name in _strangers(spec, entry):
                yield document.problem((part, index), f"speaks of {name}, which is unknown", _FIX)
    for where, reference in _references(spec):
        requirement = spec.requirements.get(reference.partition("+")[0])
        if requirement is None:
            yield document.problem(where, f"cites {reference}, which nobody requires", _FIX)
        elif requirement.reference != reference:
            what = f"cites {reference}, but spec/{requirement.chapter}:{requirement.line} is at "
            fix = f"compare it with the sentence, then write {requirement.reference}"
            yield document.problem(where, f"{what}+{requirement.revision}", fix)


def _references(spec: Specification) -> Iterator[tuple[Where, str]]:
    yield ("table",), text(_data(spec, TABLE).get("table"))
    for part in ("says", "beside"):
        for index, entry in enumerate(table_rows(spec, TABLE, part)):
            if "requirement" in entry:
                yield (part, index), text(entry.get("requirement"))


def _strangers(spec: Specification, entry: Mapping[str, Json]) -> Iterator[str]:
    listed = entry.get("classes")
    classes = {text(row.get("class")) for row in table_rows(spec, "recovery")}
    terms = next((c.source for c in spec.chapters if c.name == _TERMS), "")
    named = text(entry.get("definition"))
    yield from (text(n) for n in items(entry.get("refines")) if n not in spec.requirements)
    yield from (text(n) for n in items(entry.get("situations")) if n not in situations(spec))
    if isinstance(listed, list):
        yield from (text(n) for n in listed if n not in classes)
    if named and f"**{named}**\n" not in terms:
        yield named


def _idle(spec: Specification, document: Document) -> Iterator[Problem]:
    """Find words that reach no cell, and refinements of what says nothing there."""
    words = tuple(_words(spec))
    for word in words:
        if not word.cells:
            yield document.problem(word.where, f"{word.source} reaches no cell", "remove it")
        for id_ in sorted(word.refines):
            others = [other for other in words if other.source == id_ and other.cells & word.cells]
            if not any(aspect in other.says for other in others for aspect in word.says):
                what = f"{word.source} refines {id_}, which says nothing of that there"
                yield document.problem(word.where, what, "remove it from refines")


def _unlisted(spec: Specification, document: Document) -> Iterator[Problem]:
    """Find requirements that name a failure class or a rotation and are not in the table."""
    beside = {_id(entry): n for n, entry in enumerate(table_rows(spec, TABLE, "beside"))}
    listed = {word.source for word in _words(spec)} | beside.keys()
    classes = [f"`{text(row.get('class'))}`" for row in table_rows(spec, "recovery")]
    for id_, requirement in spec.requirements.items():
        named = any(name in requirement.text for name in classes)
        speaks = requirement.keyword != "MAY" and (named or _ROTATES.search(requirement.text))
        if speaks and id_ not in listed:
            what = f"{id_} names a failure class or a rotation, and is in no cell"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, _LIST)
        if id_ in beside and not speaks:
            where = ("beside", beside[id_])
            yield document.problem(where, f"{id_} names no class and no rotation", "remove it")


def _id(entry: Mapping[str, Json], name: str = "requirement") -> str:
    return text(entry.get(name)).partition("+")[0]


def _data(spec: Specification, name: str) -> dict[str, Json]:
    document = spec.tables.get(name)
    return fields(document.data) if document else {}
