"""Find who cites a requirement: scenarios by `verifies:`, code by a `spec:` comment.

Whether what is cited exists is a matter for `lints`.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.scenarios.expansion import expand
from credpool_conformance.specification.documents import Document
from credpool_conformance.specification.registry import Registry
from tools.sources.requirements import ID, REFERENCE

_LIST = re.compile(rf"{REFERENCE.pattern}(?:,\s*{ID}\+[1-9][0-9]*)*(?P<rest>\s.*|)")
_COMMENT = re.compile(r"#\s*spec:\s*(.*)")
_FIX = "write chapter.topic.rule+1, several with commas between"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One mention of a requirement, at one revision."""

    id: str
    revision: int
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario: what it says about itself, and which requirements it verifies."""

    id: str
    title: str
    consequence: str
    features: tuple[str, ...]
    cases: tuple[Mapping[str, Json], ...]
    verifies: tuple[Citation, ...]
    path: str
    line: int


def code_citations(path: str, source: str) -> Iterator[Citation | Problem]:
    """Find the `spec:` comments of a Python file; text in strings is none."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        yield Problem(path, 1, f"not Python: {error}", "correct it")
        return
    for token in tokens:
        comment = _COMMENT.fullmatch(token.string) if token.type == tokenize.COMMENT else None
        if not comment:
            continue
        line = token.start[0]
        cited = _LIST.fullmatch(comment[1])
        if not cited or REFERENCE.search(cited["rest"]):
            yield Problem(path, line, f"malformed citation {comment[1]!r}", _FIX)
            continue
        for found in REFERENCE.finditer(comment[1]):
            yield _citation(found, path, line)


def script_citations(path: str, source: str) -> Iterator[Citation]:
    """Find what the lines of a JavaScript file cite behind `spec:`; no other line cites."""
    for line, code in enumerate(source.splitlines(), 1):
        for found in REFERENCE.finditer(code.partition("spec:")[2]):
            yield _citation(found, path, line)


def features_of(case: Mapping[str, Json]) -> tuple[str, ...]:
    """List the features that a case says it is for; none: the core."""
    return tuple(map(text, items(case.get("features"))))


def scenarios(document: Document, registry: Registry) -> Iterator[Scenario | Problem]:
    """Read the scenarios of a file, each with the cases it stands for."""
    for index, entry in enumerate(items(fields(document.data).get("scenarios"))):
        where = ("scenarios", index)
        data = fields(entry)
        try:
            cases = tuple(expand(document, where, data, registry))
        except BadInputError as error:
            yield from error.problems
            cases = ()
        verifies: dict[str, Citation] = {}
        for case in cases:
            for position, cited in enumerate(map(text, items(case.get("verifies")))):
                here = (*where, "verifies", position)
                found = REFERENCE.fullmatch(cited)
                if found:
                    verifies[cited] = _citation(found, document.path, document.line(*here))
                else:
                    yield document.problem(here, f"malformed citation {cited!r}", _FIX)
        yield Scenario(
            id=text(data.get("id")),
            title=text(data.get("title")).removesuffix(" (${case})"),
            consequence=text(data.get("consequence")),
            features=tuple({name: None for case in cases for name in features_of(case)}),
            cases=cases,
            verifies=tuple(verifies.values()),
            path=document.path,
            line=document.line(*where),
        )


def _citation(found: re.Match[str], path: str, line: int) -> Citation:
    return Citation(id=found["id"], revision=int(found["revision"]), path=path, line=line)
