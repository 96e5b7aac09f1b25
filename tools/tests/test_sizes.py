"""No folder, module or function is too large to be read at once."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
ROOTS: Final = (
    *("reference_impl/minimal", "reference_impl/src/credpool"),
    *("conformance/src/credpool_conformance", "tools"),
)
MOST_MODULES, MOST_LINES, MOST_LINES_OF_A_FUNCTION = 12, 300, 30


def modules(root: str) -> Iterator[Path]:
    """Find the modules below a folder, without tests."""
    for path in sorted((REPOSITORY / root).rglob("*.py")):
        if "tests" not in path.relative_to(REPOSITORY).parts:
            yield path


def name(path: Path) -> str:
    """Write a path as people read it."""
    return path.relative_to(REPOSITORY).as_posix()


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body, its docstring apart."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("root", ROOTS)
def test_no_folder_has_more_than_a_dozen_modules(root: str) -> None:
    """A folder is one idea, and its list of modules is read at a glance."""
    counts = Counter(name(path.parent) for path in modules(root) if path.name != "__init__.py")

    assert counts
    assert {folder: n for folder, n in counts.items() if n > MOST_MODULES} == {}


@pytest.mark.parametrize("root", ROOTS)
def test_no_module_is_too_long(root: str) -> None:
    """A module is read in one sitting."""
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in modules(root)}

    assert lengths
    assert {n: length for n, length in lengths.items() if length > MOST_LINES} == {}


@pytest.mark.parametrize("root", ROOTS)
def test_no_function_is_too_long(root: str) -> None:
    """A function fits on a screen."""
    lengths = {
        f"{name(path)}:{node.lineno} {node.name}": length(node)
        for path in modules(root)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert lengths
    assert {n: found for n, found in lengths.items() if found > MOST_LINES_OF_A_FUNCTION} == {}
