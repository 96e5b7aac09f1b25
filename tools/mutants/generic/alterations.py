"""List the small changes that can be made to a module's functions, and make one of them.

A change is found again by its number: the walk over the same source is the same walk.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COUNTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_COMMUTE: Final = frozenset({"min", "max"})
_TYPES: Final = frozenset({"annotation", "returns"})
_NAMING: Final = frozenset({"get", "startswith", "endswith", "removeprefix", "removesuffix"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One change of one function."""

    path: Path
    function: str
    """The qualified name of the outermost function that it is in."""
    line: int
    kind: str
    before: str
    after: str
    number: int
    again: int = 1
    """How many of the function's changes that read alike there are, with this one."""

    @property
    def name(self) -> str:
        """Name it for people, whatever its line is today."""
        place = f" ({self.again})" if self.again > 1 else ""
        return f"{self.path.stem}.{self.function}: {self.before} → {self.after}{place}"


@dataclass(frozen=True, slots=True)
class _Site:
    """A part of a node that can have another value."""

    node: ast.AST
    part: str
    value: object
    kind: str
    shown: str = ""
    """The part that people are shown, in place of the whole node."""

    def change(self) -> None:
        """Give the part its other value."""
        setattr(self.node, self.part, self.value)

    def text(self) -> str:
        """Write what is shown, as it is now."""
        found = getattr(self.node, self.shown) if self.shown else self.node
        return " ".join(ast.unparse(found).split())[:120]


def alterations(path: Path) -> Iterator[Alteration]:
    """List what can be changed in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alike: Counter[tuple[str, str, str]] = Counter()
    for number, (function, line, site) in enumerate(_walk(tree)):
        before, value = site.text(), getattr(site.node, site.part)
        site.change()
        after = site.text()
        setattr(site.node, site.part, value)
        alike[function, before, after] += 1
        yield Alteration(
            path=path,
            function=function,
            line=line,
            kind=site.kind,
            before=before,
            after=after,
            number=number,
            again=alike[function, before, after],
        )


def altered(alteration: Alteration) -> CodeType:
    """Compile the file with the change, and return the code of the function that has it."""
    tree = ast.parse(alteration.path.read_text(encoding="utf-8"))
    sites = (site for _, _, site in _walk(tree))
    next(site for n, site in enumerate(sites) if n == alteration.number).change()
    code = compile(ast.fix_missing_locations(tree), str(alteration.path), "exec")
    return next(found for found in _codes(code) if found.co_qualname == alteration.function)


def functions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, _Function]]:
    """List the functions of a module and of its classes, by their qualified names."""
    for node in body:
        if isinstance(node, _Function):
            yield f"{within}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node.body, f"{within}{node.name}.")


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _walk(tree: ast.Module) -> Iterator[tuple[str, int, _Site]]:
    """Yield each place where something can be changed, with its function, in the order of the text."""
    for name, function in functions(tree.body):
        for statement in function.body:
            for node, line in _parts(statement, statement.lineno):
                for site in _sites(node):
                    yield name, line, site


def _parts(node: ast.AST, line: int) -> Iterator[tuple[ast.AST, int]]:
    """Yield what is in a node, with its line; what is said of types decides nothing."""
    line = getattr(node, "lineno", line)
    yield node, line
    for name, value in ast.iter_fields(node):
        if name not in _TYPES:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from _parts(part, line)


def _sites(node: ast.AST) -> Iterator[_Site]:
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.Call():
            yield from _calls(node)
        case ast.If() | ast.IfExp() | ast.comprehension():
            yield from _conditions(node)
        case ast.BoolOp(op=op):
            yield _Site(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And(), "and, or")
        case ast.UnaryOp(op=ast.Not()):
            yield _Site(node, "operand", _negated(node.operand), "not")
        case ast.BinOp(op=op) if type(op) in _COUNTED:
            yield _Site(node, "op", _COUNTED[type(op)](), "operator")
        case ast.Constant(value=bool() | int() | float()):
            yield _Site(node, "value", _next(node.value), "constant")
        case ast.Subscript(slice=ast.Constant(value=str())):
            yield _Site(node, "slice", _misspelt(node.slice), "name")
        case _:
            return


def _conditions(node: ast.If | ast.IfExp | ast.comprehension) -> Iterator[_Site]:
    if isinstance(node, ast.comprehension):
        if node.ifs:
            yield _Site(node, "ifs", [_negated(test) for test in node.ifs], "filter")
        return
    yield _Site(node, "test", _negated(node.test), "condition", "test")
    if isinstance(node, ast.If) and not node.orelse and _leaves(node.body):
        yield _Site(node, "test", ast.Constant(value=False), "early end", "test")


def _comparisons(node: ast.Compare) -> Iterator[_Site]:
    for place, op in enumerate(node.ops):
        other = _COMPARED[type(op)]()
        yield _Site(node, "ops", _with(node.ops, place, other), "comparison")
    for place, side in enumerate(node.comparators):
        if isinstance(side, ast.Constant) and isinstance(side.value, str):
            sides = _with(node.comparators, place, _misspelt(side))
            yield _Site(node, "comparators", sides, "name")


def _calls(node: ast.Call) -> Iterator[_Site]:
    called = node.func
    commutes = isinstance(called, ast.Name) and called.id in _COMMUTE
    plain = not any(isinstance(argument, ast.Starred) for argument in node.args)
    if plain and len(node.args) > 1 and not commutes:
        first, second, *rest = node.args
        yield _Site(node, "args", [second, first, *rest], "order of arguments")
    if isinstance(called, ast.Name) and called.id in _CALLED:
        yield _Site(called, "id", _CALLED[called.id], "function")
    names = isinstance(called, ast.Attribute) and called.attr in _NAMING
    if names and node.args and isinstance(node.args[0], ast.Constant):
        yield _Site(node, "args", _with(node.args, 0, _misspelt(node.args[0])), "name")


def _with(parts: Sequence[object], place: int, other: object) -> list[object]:
    return [*parts[:place], other, *parts[place + 1 :]]


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Continue | ast.Break | ast.Raise)


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=test)


def _next(value: object) -> object:
    assert isinstance(value, bool | int | float), "a constant that counts"
    return (not value) if isinstance(value, bool) else value + 1


def _misspelt(node: ast.expr) -> ast.expr:
    assert isinstance(node, ast.Constant), "a name that is written out"
    return ast.Constant(value=f"{node.value!s}-x")
