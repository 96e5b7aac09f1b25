"""Whatever Python the documentation shows runs as it stands, and every public name is in it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from textwrap import dedent

import httpx
import httpx2
import pytest

import credpool
import credpool.stores
import credpool.testing
from credpool import Cooldown, FailureClass, Operator, Pool, PoolState, errors, seed, stores
from credpool.pool import engine_of
from credpool.stores import JsonFileStore
from credpool.testing import FakeProvider

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "spec/**/*.md", "conformance/*.md")
    for page in ROOT.glob(pattern)
)
FENCE = re.compile(r"(?P<indent>[ >]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it is, what it says it is, and what is in it."""

    page: Path
    line: int
    info: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, indented ones included."""
    opened: tuple[int, str, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.fullmatch(line)
        if opened is None and fence:
            opened, inside = (number, fence["mark"], fence["info"].strip()), []
        elif opened is not None and fence and fence["mark"] == opened[1] and not fence["info"]:
            yield Block(page, opened[0], opened[2], dedent("\n".join(inside)))
            opened = None
        elif opened is not None:
            inside.append(line)
    assert opened is None, f"{page}:{opened} is not closed"


SNIPPET = re.compile(r'--8<-- "[^"\n]+\.py[:0-9]*"')
BLOCKS = [
    block
    for page in PAGES
    for block in blocks_of(page)
    if not SNIPPET.fullmatch(block.code)  # a file's own code, which is run where it is
]
PYTHON = [block for block in BLOCKS if block.info == "python"]


def sends(code: str) -> bool:
    """Tell whether a program sends something through a transport that is not its own."""
    return ".create(" in code or (".post(" in code and "transport=" not in code)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """Return a provider at the far end of every connection, whatever the host.

    Only the lowest layer of the client libraries is replaced, where bytes would leave the machine.
    """
    found = FakeProvider()
    for library in (httpx2, httpx):
        mock = library.MockTransport(found.handler(library.Response))
        monkeypatch.setattr(
            library.HTTPTransport, "handle_request", staticmethod(mock.handle_request)
        )
        monkeypatch.setattr(
            library.AsyncHTTPTransport,
            "handle_async_request",
            staticmethod(mock.handle_async_request),
        )
    return found


def stores_below(folder: Path) -> dict[Path, dict[str, list[dict[str, object]]]]:
    """Return the pools of every store that programs have left in a folder."""
    return {
        path: json.loads(path.read_text(encoding="utf-8"))["credential_pool"]
        for path in folder.rglob("auth.json")
    }


def teach(folder: Path) -> dict[Path, dict[str, list[dict[str, object]]]]:
    """Let the first entry of every pool be out, under another label, and return the pools then."""
    for path, pools in stores_below(folder).items():
        for key in pools:
            pool = Pool(JsonFileStore(path, key))
            Operator(pool).rename("1", "renamed")
            first = pool.state.entries[0]
            out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=0.0, until=4e9)
            learnt = {first.id: replace(first, cooldown=out, request_count=7)}
            engine_of(pool).change(partial(PoolState.change, changed=learnt))
    return stores_below(folder)


LEARNT = ("id", "label", "priority", "access_token", "last_status", "last_error_reset_at")


def known(pools: Mapping[Path, Mapping[str, Sequence[Mapping[str, object]]]]) -> list[object]:
    """Return what a second run may not change, of each entry in its order."""
    return [
        (path, key, [[row.get(name) for name in LEARNT] for row in rows])
        for path, found in sorted(pools.items())
        for key, rows in sorted(found.items())
    ]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_block_runs_twice_in_one_folder(
    block: Block,
    provider: FakeProvider,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The block is a program: it runs by itself, prints, and sends no key that it does not show.

    The second time it knows what was learnt and decided since the first.
    """
    monkeypatch.chdir(tmp_path)  # what it writes is not ours, and what is ours it does not read
    monkeypatch.setattr("os.environ", {"HOME": str(tmp_path)})
    program = compile("\n" * block.line + block.code, str(block.page), "exec")

    learnt: dict[Path, dict[str, list[dict[str, object]]]] = {}
    for _ in ("the first time", "the second time"):
        provider.requests.clear()

        exec(program, {"__name__": "__main__"})  # noqa: S102  running it is the test

        printed = capsys.readouterr().out
        assert bool(printed) == ("print(" in block.code)
        assert bool(provider.requests) == sends(block.code)
        if provider.requests:
            assert "Hello." in printed
        learnt = learnt or teach(tmp_path)
    stored = known(stores_below(tmp_path))
    assert [only for only in known(learnt) if only not in stored] == [], "the second run forgot it"
    assert [secret for secret in provider.secrets if f'"{secret}"' not in block.code] == []
    assert "from-the-pool" not in provider.secrets


def test_there_are_blocks_to_run() -> None:
    """The README, the quickstart and the guide show programs, so an empty search is a broken one."""
    pages = {str(block.page.relative_to(ROOT)) for block in PYTHON}

    guide = {f"docs/guide/{name}.md" for name in ("credential-pools", "fallback-providers")}
    assert {"README.md", "docs/quickstart.md", *guide} <= pages


def test_no_block_is_passed_over() -> None:
    """Python is always marked as `python` and nothing else, so that no block is left out."""
    looks_like_it = re.compile(r"\{?\s*\.?(py|python|pycon|ipython)", re.IGNORECASE)
    others = [f"{b}: {b.info}" for b in BLOCKS if looks_like_it.match(b.info) and b not in PYTHON]
    bare = [str(b) for b in BLOCKS if not b.info and "import " in b.code]

    assert others == []
    assert bare == []


def test_whoever_may_be_billed_is_told() -> None:
    """The four pages where people choose a credential carry the notes on billing, by inclusion."""
    guide = ("guide/credential-pools", "guide/environment-variables")

    without = [
        page
        for page in ("quickstart", *guide, "reference/providers")
        if '--8<-- "spec/_includes/billing.md"'
        not in (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    ]

    assert without == []


def test_every_public_name_is_on_the_reference_page() -> None:
    """Each name of the package, and each store, has its entry on the page of the API."""
    pages = sorted((ROOT / "docs" / "reference").glob("api*.md"))
    page = "".join(found.read_text(encoding="utf-8") for found in pages)
    named = set(re.findall(r"^::: credpool\.([\w.]+)", page, re.MULTILINE))

    wanted = {*credpool.__all__, *(f"stores.{name}" for name in stores.__all__)}
    wanted |= {f"seed.{name}" for name in seed.__all__ if name not in credpool.__all__}
    wanted |= {f"errors.{name}" for name in errors.__all__ if name not in credpool.__all__}
    wanted |= {"pool.Store", "pool.Listener", "clock.Clock", "clock.SystemClock", "clock.Why"}
    wanted |= {"model.terms.FOREVER"}
    assert wanted - named == set()
    assert named - wanted == {"httpx2.PoolAuth", "httpx.PoolAuth", "requests.PoolAuth"} | {
        name
        for name in named
        if name.startswith(("events.", "testing.", "login.", "otel.", "sinks."))
    }


def test_every_public_name_is_type_checked() -> None:
    """Each name of the package, of the stores and of the fakes is used in `typing/api.py`."""
    text = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
    used = set(re.findall(r"\w+", text.rpartition("import")[2].partition("\n\n")[2]))

    wanted = {*credpool.__all__, *credpool.stores._HOMES, *credpool.testing.__all__, "PoolAuth"}  # noqa: SLF001
    assert wanted - used == set()
