"""The minimal pool is small, whole, and what a stranger takes it for."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest
from minimal import Entry, PoolClient, PoolExhausted, Secret, open_pool

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "reference_impl" / "minimal"
MODULES = sorted(FOLDER.glob("*.py"))
MARK = re.compile(r"# spec: ((?:[a-z0-9.-]+\+[0-9]+(?:, )?)+)")
ENTRIES = (Entry("a", Secret("sk-first-of-two")), Entry("b", Secret("sk-second-of-two")))
HELLO = {"model": "gpt-5", "messages": []}

Provider = Callable[[httpx.Request], httpx.Response]


def client_of(provider: Provider, *entries: Entry, now: float = 0.0) -> PoolClient:
    """Return a client of two entries, with this provider at the far end and time at rest."""
    pool = open_pool("openai", entries or ENTRIES)
    transport = httpx.MockTransport(provider)
    return PoolClient(pool, clock=lambda: now, sleep=lambda _: None, transport=transport)


def functions() -> Iterator[tuple[str, int]]:
    """Yield each function with its length."""
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                yield f"{module.stem}.{node.name}", node.end_lineno - node.lineno + 1


def test_it_can_be_read_in_an_hour() -> None:
    """It has at most eight modules and a thousand lines in all, and no long module or function."""
    lines = {module.name: len(module.read_text("utf-8").splitlines()) for module in MODULES}

    assert len(lines) <= 8
    assert sum(lines.values()) <= 1000
    assert {name: count for name, count in lines.items() if count > 300} == {}
    assert {name: length for name, length in functions() if length > 30} == {}


def test_its_adapter_is_as_short_as_any() -> None:
    """120 lines, as for the pools of others."""
    adapter = ROOT / "conformance" / "testees" / "minimal.py"

    assert len(adapter.read_text("utf-8").splitlines()) <= 120


def test_every_requirement_of_the_core_has_its_line() -> None:
    """Each is marked where it is met, and nothing else is marked."""
    stated = json.loads((ROOT / "spec" / "requirements.json").read_text(encoding="utf-8"))
    core = {f"{r['id']}+{r['revision']}" for r in stated["requirements"] if r["feature"] == "core"}

    marks = [mark for module in MODULES for mark in MARK.findall(module.read_text("utf-8"))]

    assert {reference for mark in marks for reference in mark.strip(", ").split(", ")} == core


def test_it_imports_nothing_of_the_library() -> None:
    """A reader needs the standard library, an HTTP client and a reader of YAML."""
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in MODULES]
    nodes = [node for tree in trees for node in ast.walk(tree)]

    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    names |= {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}

    roots = {name.partition(".")[0] for name in names}
    assert roots - sys.stdlib_module_names == {"httpx", "minimal", "yaml"}


def test_a_second_429_rotates() -> None:
    """The first is asked again, and the caller gets the next entry's reply."""
    client = client_of(
        lambda request: httpx.Response(200 if "second" in request.headers["authorization"] else 429)
    )

    response = client.post("/chat/completions", json=HELLO)

    tried = [
        ("a", "rate_limited", "retry"),
        ("a", "rate_limited", "rotate"),
        ("b", "ok", "deliver"),
    ]
    assert response.status_code == 200
    assert response.request.extensions["attempts"] == tried


def test_a_row_that_is_changed_in_the_table_changes_the_pool(tmp_path: Path) -> None:
    """A copy of the table says that a cap is delivered, and so the copy of the pool delivers it."""
    shutil.copytree(FOLDER, tmp_path / "reference_impl" / "minimal")
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    table = tmp_path / "spec" / "tables" / "recovery.yaml"
    before, rotate, after = table.read_text("utf-8").partition("usage_limited")
    changed = after.replace("action: rotate", "action: deliver", 1)
    table.write_text(before + rotate + changed, encoding="utf-8")
    program = """
from minimal import Entry, Secret, open_pool
from minimal.decide import Call, Verdict, decide
pool = open_pool("openai", [Entry("a", Secret("one")), Entry("b", Secret("two"))])
for failure in ("usage_limited", "out_of_credit"):
    verdict = Verdict(failure, "rule", None, None)
    print(decide(pool, Call(), pool.entries[0].secret, verdict, now=0.0).action)
"""

    command = [sys.executable, "-c", program]
    folder = tmp_path / "reference_impl"
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603

    assert ran.stdout.split() == ["deliver", "rotate"]


def test_an_endless_refusal_is_judged_by_its_beginning() -> None:
    """No more of a body is read than it takes, and the next key answers."""
    given = []

    def endless() -> Iterator[bytes]:
        while True:
            given.append(1024)
            yield b"x" * 1024

    client = client_of(
        lambda request: (
            httpx.Response(200)
            if "second" in request.headers["authorization"]
            else httpx.Response(402, content=endless())
        )
    )

    response = client.post("/chat/completions", json=HELLO)

    assert response.status_code == 200
    assert sum(given) == 64 * 1024


def test_a_slow_refusal_is_delivered_whole() -> None:
    """It is judged after some seconds, by what has come, and the caller gets all of it."""
    clock = count(0.0, 2.0)
    pieces = [b'{"error": ', b'{"message": ', b'"too late"', b"}}"]
    transport = httpx.MockTransport(lambda _: httpx.Response(503, content=iter(pieces)))
    pool = open_pool("openai", ENTRIES)
    client = PoolClient(pool, clock=lambda: next(clock), transport=transport)

    response = client.post("/chat/completions", json=HELLO)

    assert response.json() == {"error": {"message": "too late"}}


def test_from_the_readme_to_the_rule_is_one_click() -> None:
    """The README links the module in which the second 429 in a row rotates."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = "reference_impl/minimal/decide.py"

    assert f"({linked})" in readme
    assert "# spec: recover.rate-limited.rotate-second+" in (ROOT / linked).read_text("utf-8")


def test_threads_share_one_client() -> None:
    """No request is lost from the count, whoever sends it."""
    client = client_of(lambda _: httpx.Response(200))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: client.post("/chat/completions", json=HELLO), range(200)))

    assert [client.pool.known(entry.secret).count for entry in client.pool.entries] == [200, 0]


def test_an_exhausted_pool_says_why_and_shows_no_secret() -> None:
    """Its error names each entry, and neither it nor the pool shows a secret."""
    client = client_of(lambda _: httpx.Response(402), now=100.0)
    client.post("/chat/completions", json=HELLO)

    with pytest.raises(PoolExhausted) as caught:
        client.post("/chat/completions", json=HELLO)

    over = caught.value.exhaustion
    assert over.reasons == dict.fromkeys("ab", ("out_of_credit", 86500.0))
    assert over.returns_at == 86500.0
    assert "sk-" not in f"{caught.value} {caught.value!r} {client.pool} {client.pool!r}"
