"""Show the minimal pool on the site: its introduction, `decide` beside its table, every module.

The code itself comes in by snippet; here is which lines, and what stands around them.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json, text
from credpool_conformance.reporting.formats.markdown import table
from tools.pages.chapters import NOTICE, front_matter
from tools.sources.specification import Specification, table_rows
from tools.sources.values import duration, scalar

PAGE: Final = "docs/guide/minimal.md"

_FOLDER: Final = "reference_impl/minimal"
_ORDER: Final = ("decide", "rules", "classify", "hints", "pool", "select", "http")
_CHAPTER: Final = re.compile(r"spec/([a-z-]+)\.md")
_SOURCES: Final = re.compile(r" \(spec/[^)]*\)")
_DATA: Final = "[Data](../reference/data.md)"
_HEAD: Final = """\
# The minimal pool

This is the whole of it, in the order in which it is best read: {lines} lines that meet every requirement of the core.
[Architecture](architecture.md#the-minimal-pool) says how the parts fit together.
A comment such as `# spec: recover.table+1` marks the line that meets [a requirement](../spec/requirements.md).
"""


@dataclass(frozen=True)
class Module:
    """A module of the minimal pool, as it is read."""

    name: str
    source: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.source)

    @property
    def words(self) -> str:
        """Its docstring."""
        return ast.get_docstring(self.tree) or ""

    @property
    def about(self) -> str:
        """The first sentence of its docstring, without the chapters that it names."""
        return _SOURCES.sub("", self.words.partition("\n")[0])

    @property
    def chapters(self) -> str:
        """Links to the chapters that its docstring names."""
        names = _CHAPTER.findall(self.words.partition("\n")[0])
        return ", ".join(f"[{name.title()}](../spec/{name}.md)" for name in names) or _DATA

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.source.splitlines())


def minimal_page(spec: Specification) -> Mapping[str, str]:
    """Return the page with every module, where there is a minimal pool."""
    if not (modules := _modules(spec)):
        return {}
    lines = sum(module.lines for module in modules.values())
    parts = [_HEAD.format(lines=lines)]
    for name in _ORDER:
        module = modules[name]
        parts.append(f"## {name}\n\n{module.about}\nThe chapters: {module.chapters}.\n")
        parts.append(_code(f"{_FOLDER}/{name}.py") + "\n")
    head = front_matter("The whole minimal pool, module by module: the core in a thousand lines.")
    return {PAGE: head + NOTICE + "\n".join(parts)}


def minimal_regions(spec: Specification) -> Mapping[str, str]:
    """Return what the page on architecture shows of the minimal pool, where there is one."""
    if not (modules := _modules(spec)):
        return {}
    rows = table_rows(spec, "recovery")
    tree = modules["decide"].tree
    (start, _), (_, end) = _place(tree, "decide"), _place(tree, "may_retry")
    shown = _code(f"{_FOLDER}/decide.py:{start}:{end}")
    return {
        "minimal-introduction": "\n".join(_sentences(modules["__init__"].words)),
        "minimal-decide": _beside(shown, _actions(rows)),
        "minimal-modules": _listing(modules),
    }


def _modules(spec: Specification) -> Mapping[str, Module]:
    paths: list[Path] = sorted((spec.root / _FOLDER).glob("*.py"))
    return {path.stem: Module(path.stem, path.read_text(encoding="utf-8")) for path in paths}


def _sentences(words: str) -> Iterator[str]:
    """Yield the sentences of a docstring, each on a line, with an empty line between paragraphs."""
    for number, paragraph in enumerate(words.split("\n\n")):
        if number:
            yield ""
        yield from re.split(r"(?<=[.?!]) (?=[A-Z])", " ".join(paragraph.split()))


def _place(tree: ast.Module, name: str) -> tuple[int, int]:
    """Return the first and the last line of a function."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node.lineno, node.end_lineno or node.lineno
    raise LookupError(f"{_FOLDER} has no function {name}")


def _code(snippet: str) -> str:
    return f'```python\n--8<-- "{snippet}"\n```'


def _beside(code: str, actions: str) -> str:
    """Put two blocks side by side, where there is room."""
    columns = (f"<div markdown>\n\n{block}\n\n</div>" for block in (code, actions))
    return "\n".join(['<div class="beside" markdown>', *columns, "</div>"])


def _actions(rows: list[dict[str, Json]]) -> str:
    """Render what `decide` reads of the decision table."""
    cells = []
    for row in rows:
        steps = [scalar(row[name]) for name in ("action", "then") if row.get(name)]
        name = f"`{text(row.get('class'))}`"
        cells.append((name, ", then ".join(steps), duration(row.get("cooldown"))))
    return table(("class", "action", "out for"), cells)


def _listing(modules: Mapping[str, Module]) -> str:
    rows = [
        (f"[`{name}`](minimal.md#{name})", modules[name].about, modules[name].chapters)
        for name in _ORDER
    ]
    return table(("module", "what it is", "chapters"), rows)
