"""Render the users' reports: the page that lists them, and what each requirement answers.

They come from `spec/tables/reports.yaml`, which is informative: a requirement stands without them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from credpool_conformance.specification.documents import Document, Where
from tools.sources.markdown import breakable
from tools.sources.requirements import Requirement
from tools.sources.specification import Specification

TABLE: Final = "reports"
PAGE: Final = "docs/reports.md"

_FORGE: Final = "https://github.com"
_SHOWN: Final = 6  # under a requirement; the page has the others
_ANSWERS: Final = ("requirements", "why_not")
_EMPTY: Final = Document(path="", data=None, lines={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that happened to people, where they told of it, and what answers it."""

    where: Where
    reports: tuple[str, ...]
    mentioned: tuple[str, ...]
    data: Mapping[str, Json]

    @property
    def every(self) -> tuple[str, ...]:
        """All its reports, those that are only mentioned elsewhere last."""
        return self.reports + self.mentioned

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids that answer it."""
        return tuple(map(text, items(self.data.get("requirements"))))


def reports_page(spec: Specification) -> str:
    """Render every report, grouped as in the file."""
    data = fields(spec.tables.get(TABLE, _EMPTY).data)
    parts = ["# Users' reports", text(data.get("about")).strip(), _totals(spec)]
    for index, group in enumerate(map(fields, items(data.get("groups")))):
        rows = [_cells(spec, row) for row in _group_rows(index, group)]
        parts += [f"## {text(group.get('title'))}"]
        parts += [table(("report", "what happened", "what answers it"), rows)]
    return "\n\n".join(parts) + "\n"


def reported(spec: Specification, requirement: Requirement) -> str:
    """Link to the reports that a requirement answers; nothing when there are none."""
    found = [name for row in rows(spec) if requirement.id in row.requirements for name in row.every]
    links = [_link(name, name) for name in found[:_SHOWN]]
    if len(found) > _SHOWN:
        links.append(f"[{len(found) - _SHOWN} more](../{PAGE.removeprefix('docs/')})")
    return ", ".join(links)


def report_counts(spec: Specification) -> list[str]:
    """Say how many reports there are, how many are answered, and how many are declined."""
    answered, declined = _counts(spec)
    every = answered + declined
    return [f"reports {every}: {answered} covered, {declined} declined"] if every else []


def report_problems(spec: Specification) -> Iterator[Problem]:
    """Find reports that are listed twice, or that have no answer, two, or an unknown one."""
    document = spec.tables.get(TABLE, _EMPTY)
    seen: dict[str, int] = {}
    for row in rows(spec):
        line = document.line(*row.where)
        answers = [name for name in _ANSWERS if name in row.data]
        if len(answers) != 1:
            what = f"has {' and '.join(answers) or 'no answer'}"
            yield document.problem(row.where, what, "write either requirements or why_not")
        for name in row.every:
            if seen.setdefault(name, line) != line:
                what = f"{name} is already at line {seen[name]}"
                yield document.problem(row.where, what, "keep one of them")
        for id_ in row.requirements:
            if id_ not in spec.requirements:
                what = f"{id_!r} is no requirement"
                yield document.problem((*row.where, "requirements"), what, "write the id of one")


def rows(spec: Specification) -> list[Row]:
    """Read every row of every group."""
    groups = items(fields(spec.tables.get(TABLE, _EMPTY).data).get("groups"))
    return [row for index, group in enumerate(groups) for row in _group_rows(index, fields(group))]


def _group_rows(index: int, group: Mapping[str, Json]) -> Iterator[Row]:
    for position, entry in enumerate(map(fields, items(group.get("rows")))):
        yield Row(
            where=("groups", index, "rows", position),
            reports=_names(entry.get("reports")),
            mentioned=_names(entry.get("mentioned")),
            data=entry,
        )


def _names(value: Json) -> tuple[str, ...]:
    return tuple(
        f"{repository}#{number}"
        for repository, numbers in fields(value).items()
        for number in items(numbers)
    )


def _counts(spec: Specification) -> tuple[int, int]:
    """Count the reports with each kind of answer."""
    found = rows(spec)
    answered, declined = (
        sum(len(row.every) for row in found if name in row.data) for name in _ANSWERS
    )
    return answered, declined


def _link(name: str, shown: str) -> str:
    """Link to a report, which is named as `owner/repository#number`."""
    return f"[{shown}]({_FORGE}/{name.replace('#', '/issues/')})"


def _totals(spec: Specification) -> str:
    answered, declined = _counts(spec)
    every = answered + declined
    return f"{every} reports: {answered} answered by a requirement, {declined} by a reason why not."


def _cells(spec: Specification, row: Row) -> tuple[str, str, str]:
    links: dict[str, list[str]] = {}
    for name in row.every:
        repository, _, number = name.partition("#")
        mark = "†" if name in row.mentioned else ""
        links.setdefault(repository, []).append(f"{_link(name, f'#{number}')}{mark}")
    named = "<br>".join(f"{repository} {' '.join(found)}" for repository, found in links.items())
    return named, text(row.data.get("happened")), _answer(spec, row)


def _answer(spec: Specification, row: Row) -> str:
    if row.requirements:
        known = [spec.requirements[id_] for id_ in row.requirements]
        links = (f"[{breakable(r.id)}](spec/{r.chapter}#{r.id})" for r in known)
        return "<br>".join(links)
    return text(row.data.get("why_not"))
