"""What a fork breaks is held by a `PerProcess`: the source is read, so that no new layer forgets it."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

import credpool

SOURCE = Path(credpool.__file__).parent
TESTS_ONLY = ("testing",)
"""What is no part of a pool in use."""

SHORT_LIVED = {
    "login/callback.py": "the port of one login, which its `with` closes",
    "_process/threads.py": "a thread for one piece of work, which ends with it and which nobody keeps",
    "_process/programs.py": "the reader of one program's output, whom its caller alone waits for",
}
"""What a child may inherit, for nothing in it uses that again."""

CLIENTS = ("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "create_ssl_context")
BROKEN_BY_A_FORK = {
    "threading": (
        *("Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore"),
        *("Barrier", "Thread", "Timer", "local"),
    ),
    "queue": ("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"),
    "concurrent.futures": ("ThreadPoolExecutor", "ProcessPoolExecutor"),
    "filelock": ("FileLock", "SoftFileLock", "UnixFileLock"),
    "ssl": ("SSLContext", "create_default_context"),
    "socket": ("socket", "create_connection", "create_server", "socketpair"),
    "httpx": CLIENTS,
    "httpx2": CLIENTS,
}
BROKEN = {f"{module}.{name}" for module, names in BROKEN_BY_A_FORK.items() for name in names}
HOLDER = "credpool._process.forks.PerProcess"


def imported(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for."""
    names = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names |= {alias.asname or alias.name: alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names |= {a.asname or a.name: f"{module}.{a.name}" for a in node.names}
    return names


def meant(node: ast.AST, names: dict[str, str]) -> str:
    """Return the full name of what an expression names, or nothing."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            return f"{meant(value, names)}.{attr}"
    return ""


def values(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that are evaluated as values: types and annotations are not."""
    for name, part in ast.iter_fields(node):
        if name in {"annotation", "returns", "slice"}:
            continue
        yield from (
            n for n in (part if isinstance(part, list) else [part]) if isinstance(n, ast.AST)
        )


def held(tree: ast.AST, names: dict[str, str]) -> set[str]:
    """Return the names of the classes and functions that a `PerProcess` is told to make."""
    calls = (
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and meant(n.func, names) == HOLDER
    )
    return {n.id for call in calls for n in ast.walk(call) if isinstance(n, ast.Name)}


def loose(source: str, elsewhere: Collection[str] = ()) -> list[str]:
    """Return what a module makes for its process outside a `PerProcess`, with the lines.

    What is made at the head of a `with` ends with it, and so is never there in a child. What a
    `PerProcess` of another module is told to make is held there.
    """
    tree = ast.parse(source)
    names = imported(tree)
    made = held(tree, names).union(elsewhere)

    def search(node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Call(func=func) if meant(func, names) == HOLDER:
                return
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) if name in made:
                return
            case ast.withitem(context_expr=ast.Call(args=args, keywords=keywords)):
                for part in (*args, *keywords):
                    yield from search(part)
                return
            case ast.Name() | ast.Attribute() if meant(node, names) in BROKEN:
                yield f"line {node.lineno}: {meant(node, names)}"
        for part in values(node):
            yield from search(part)

    return list(search(tree))


MODULES = sorted(
    path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in TESTS_ONLY
)


def test_whatever_a_fork_breaks_is_made_by_each_process() -> None:
    """No module of the library makes a lock, a thread or a client but by a `PerProcess`."""
    sources = {str(path.relative_to(SOURCE)): path.read_text("utf-8") for path in MODULES}
    trees = [ast.parse(source) for source in sources.values()]
    elsewhere = {name for tree in trees for name in held(tree, imported(tree))}
    found = {name: loose(source, elsewhere) for name, source in sources.items()}

    assert len(found) > 50
    assert {name for name, lines in found.items() if lines} == set(SHORT_LIVED)


HEAD = "from credpool._process.forks import PerProcess\n"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("from threading import Lock\nx = Lock()", id="a lock of a module"),
        pytest.param("import threading as t\nx = t.RLock()", id="under another name"),
        pytest.param("from threading import Lock as L\nx = dict(make=L)", id="handed on"),
        pytest.param(
            "class A:\n def __init__(self):\n  from queue import Queue\n  self.q = Queue()",
            id="of an object",
        ),
        pytest.param("import httpx2\nx = cache(httpx2.create_ssl_context)", id="cached"),
        pytest.param("import httpx\nx: httpx.Client = httpx.Client()", id="a client"),
        pytest.param("from filelock import FileLock\nx = {}\nx[1] = FileLock('a')", id="kept"),
        pytest.param(
            f"{HEAD}import threading\nPerProcess(dict)\nx = threading.Thread(target=print)",
            id="beside a holder",
        ),
        pytest.param(
            "import threading, httpx2\nwith httpx2.Client(x=threading.Lock()): ...",
            id="within what ends",
        ),
    ],
)
def test_what_is_forgotten_is_found(source: str) -> None:
    """Each way of making such a thing for good turns the test of the library red."""
    assert len(loose(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(f"{HEAD}from threading import Lock\nx = PerProcess(Lock)", id="held"),
        pytest.param(
            f"{HEAD}from threading import Lock\nclass A:\n def __init__(self): self.x = Lock()\n"
            "class B:\n def __init__(self): self.a = PerProcess(A)",
            id="by a class that is held",
        ),
        pytest.param("import httpx2\nwith httpx2.Client() as c: ...", id="for as long as a block"),
        pytest.param(
            "from filelock import FileLock\nx: dict[int, FileLock] = {}", id="a type only"
        ),
        pytest.param("from credpool.model.messages import Event\nx = Event()", id="another's name"),
    ],
)
def test_what_is_held_is_not_complained_of(source: str) -> None:
    """A type, a namesake, a block and a holder are none."""
    assert loose(source) == []
