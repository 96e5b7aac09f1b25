"""The library's costs, as ratios within one run; the budgets are the design's.

    nox -s bench

Selecting is measured in steady state on an open JSON store; a request through `PoolAuth` in turn
with the bare client, against a loopback server in another process; a durable change with its fsync.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import starmap
from pathlib import Path

import databases
import httpx2
import openai

from credpool import Entry, Pool, Secret, Strategy
from credpool._calls.call import ActiveCall
from credpool._calls.watch import Refusals
from credpool.httpx2 import PoolAuth
from credpool.model.terms import AuthType, EntryId
from credpool.pool import engine_of
from credpool.providers import registry
from credpool.providers.classify import classify
from credpool.providers.reply import Reply
from credpool.stores import JsonFileStore

SIZES = (3, 100, 10_000)
OUT_OF_CREDIT = Reply(402, {"content-type": "application/json"}, b'{"error": {"message": "no"}}')


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure, its budget, and whether it is kept."""

    what: str
    figure: str
    budget: str
    kept: bool

    def __str__(self) -> str:
        return (
            f"{self.what:<58}{self.figure:>20}   {self.budget:<14}{'ok' if self.kept else 'OVER'}"
        )


def entry(n: int, base_url: str | None = None) -> Entry:
    """Make one of many entries."""
    return Entry(
        id=EntryId(f"e{n}"),
        label=f"entry {n}",
        secret=Secret(f"sk-bench-{n:08d}-{'x' * 30}"),
        priority=n,
        base_url=base_url,
    )


def json_pool(folder: str, size: int, strategy: str) -> Pool:
    """Open a pool of that many entries on a JSON file."""
    path = Path(folder, f"{strategy}-{size}.json")
    store = JsonFileStore(path, "openai", strategy=Strategy(strategy))
    store.update(lambda state: replace(state, entries=tuple(map(entry, range(size)))))
    return Pool(store)


def median_us(work: Callable[[], object], *, repeat: int, batch: int) -> float:
    """Return the median time of one piece of work, in microseconds."""
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        for _ in range(batch):
            work()
        times.append((time.perf_counter() - begun) / batch)
    return statistics.median(times) * 1e6


def selecting(folder: str) -> Iterator[Row]:
    """Measure one selection under every strategy and size."""
    for strategy in ("fill_first", "round_robin", "least_used", "random"):
        times = {}
        for size in SIZES:
            pool = json_pool(folder, size, strategy)

            def select(pool: Pool = pool) -> None:
                active = ActiveCall(engine_of(pool), lambda: None)
                action = active.start()
                active.sending(action.entry)

            select()
            times[size] = median_us(select, repeat=15, batch=400)
        figure = " / ".join(f"{t:.1f}" for t in times.values())
        kept = times[3] <= 5 and times[10_000] <= 10
        yield Row(f"select, {strategy}, 3 / 100 / 10,000 entries, µs", figure, "≤ 5 → ≤ 10", kept)


def changing(folder: str) -> Iterator[Row]:
    """Measure one durable change: an entry is benched, and everything is on disk."""
    for size, budget in ((3, 2), (100, 5), (10_000, 60)):
        pool = json_pool(folder, size, "fill_first")

        def bench_and_reset(pool: Pool = pool) -> None:
            active = ActiveCall(engine_of(pool), lambda: None)
            active.settle(active.failed(active.start().entry, OUT_OF_CREDIT))
            pool.reset()

        bench_and_reset()
        took = median_us(bench_and_reset, repeat=9, batch=1) / 2 / 1000
        what = f"a durable change at {size:,} entries, ms"
        yield Row(what, f"{took:.2f}", f"≤ {budget}", took <= budget)


def following(folder: str) -> Iterator[Row]:
    """Measure what another process's change costs whoever takes it up, beside parsing the file."""
    for size, budget in ((3, 10), (10_000, 2)):
        writer = json_pool(folder, size, "fill_first")
        path = Path(folder, f"fill_first-{size}.json")
        reader = JsonFileStore(path, "openai")
        reader.load()
        parse, times = partial(parsed, path), []
        for _ in range(9):
            writer.change(lambda s: s.change({s.entries[0].id: relabelled(s.entries[0])}))
            times.append((once_us(reader.load), once_us(parse)))
        taken, whole = (min(column) for column in zip(*times, strict=True))
        what = f"another's change at {size:,} entries, over parsing the file"
        yield Row(what, f"{taken / whole:.2f}", f"≤ {budget}", taken <= budget * whole)


def parsed(path: Path) -> object:
    """Parse a file whole."""
    return json.loads(path.read_bytes())


def relabelled(entry: Entry) -> Entry:
    """Return the entry with a label that it did not have."""
    return replace(entry, label=f"{entry.label[:8]} {time.perf_counter_ns()}")


def once_us(work: Callable[[], object]) -> float:
    """Return the time of one piece of work, in microseconds."""
    return median_us(work, repeat=1, batch=1)


@contextmanager
def server() -> Iterator[str]:
    """Run the loopback server in another process, and stop that process."""
    program = [sys.executable, str(Path(__file__).with_name("server.py"))]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def requesting(folder: str) -> Iterator[Row]:
    """Measure a request through the pool, in turn with the bare client."""
    with server() as url, httpx2.Client() as bare, httpx2.Client() as pooled:
        store = JsonFileStore(Path(folder, "requests.json"), "openai")
        entries = tuple(entry(n, url) for n in range(3))
        store.update(lambda state: replace(state, entries=entries))
        auth = PoolAuth(Pool(store))
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello " * 200}]}
        plain = {"authorization": "Bearer sk-0"}
        ways = {
            "bare": lambda: bare.post(f"{url}/v1/chat/completions", json=body, headers=plain),
            "pool": lambda: pooled.post(f"{url}/v1/chat/completions", json=body, auth=auth),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for n in range(2200):
            for name, send in ways.items() if n % 2 else reversed(ways.items()):
                begun = time.perf_counter()
                send()
                times[name].append(time.perf_counter() - begun)
        bare_ms, pool_ms = (statistics.median(times[n][200:]) * 1000 for n in ways)
    ratio = pool_ms / bare_ms
    figure = f"{bare_ms:.3f} → {pool_ms:.3f}"
    yield Row("a healthy request, bare client → PoolAuth, ms", figure, "", kept=True)
    yield Row("the same, as a ratio", f"{ratio:.3f}", "≤ 1.10", ratio <= 1.10)


def streaming(_folder: str) -> Iterator[Row]:
    """Measure a healthy stream that is read along with, in turn with one that is not."""
    with server() as url:
        auth = PoolAuth(Pool.from_keys("openai", ["sk-bench-stream"], base_url=url))
        with httpx2.Client(auth=auth) as client:
            sdk = openai.OpenAI(api_key="x", base_url=f"{url}/stream", http_client=client)
            ways = {
                "of a bare client": (partial(read_lines, client, url), 1.10),
                "of the openai SDK": (partial(read_events, sdk), 1.02),
            }
            for what, (read, budget) in ways.items():
                ratio = read_along(read)
                name = f"reading along with a stream {what}, CPU ratio"
                yield Row(name, f"{ratio:.3f}", f"≤ {budget:.2f}", ratio <= budget)


def read_along(read: Callable[[], None]) -> float:
    """Return how much longer a stream takes when the pool reads along."""
    usual = Refusals._watch  # noqa: SLF001  it has no switch
    times: dict[object, list[float]] = {usual: [], nobody: []}
    try:
        for n in range(120):
            for way in (usual, nobody) if n % 2 else (nobody, usual):
                Refusals._watch = way  # noqa: SLF001
                begun = time.process_time()
                read()
                times[way].append(time.process_time() - begun)
    finally:
        Refusals._watch = usual  # noqa: SLF001
    with_, without = (statistics.median(times[way][20:]) for way in (usual, nobody))
    return with_ / without


def read_lines(client: httpx2.Client, url: str) -> None:
    """Read a stream as a program without an SDK does."""
    with client.stream("POST", f"{url}/stream", json={}) as response:
        for line in response.iter_lines():
            json.loads(line.removeprefix("data: ") or "0")


def read_events(sdk: openai.OpenAI) -> None:
    """Read a stream as an SDK does."""
    hello = [{"role": "user", "content": "hello"}]
    for _ in sdk.chat.completions.create(model="gpt-5", messages=hello, stream=True):
        pass


def nobody(_self: object, _response: object) -> None:
    """Read along with no stream."""


def classifying(_folder: str) -> Iterator[Row]:
    """Measure what a long failing body means, over parsing JSON of that length once."""
    item = {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": "x"}, 1, None]}
    parts = {"error": {"message": "Too many requests", "code": "x", "details": [item] * 800}}
    text = {"error": {"message": "no words in it. " * 4000, "code": "x"}}
    bodies = {"many parts": json.dumps(parts).encode(), "one text": json.dumps(text).encode()}
    generic = registry.provider("generic")
    parse = median_us(lambda: json.loads(bodies["many parts"]), repeat=15, batch=10)
    for what, body in bodies.items():

        def read(body: bytes = body) -> None:
            classify(Reply(429, {}, body), generic, AuthType.API_KEY, now=1.8e9)

        ratio = median_us(read, repeat=15, batch=10) / parse
        name = f"classifying 64 KiB of {what}, over one parse of JSON"
        yield Row(name, f"{ratio:.1f}", "≤ 3", ratio <= 3)


def importing() -> Iterator[Row]:
    """Measure the CPU time of imports and of the command, each in a process of its own, in turn."""
    client, click = "import httpx2", "import click; click.command()(lambda: None).main([])"
    version = "import sys; sys.argv[1:] = ['--version']; from credpool.cli import main; main()"
    codes = ("pass", client, "import credpool", "from credpool import Pool", click, version)
    times: dict[str, list[float]] = {code: [] for code in codes}
    for _ in range(20):
        for code, found in times.items():
            found.append(cpu_ms(code))
    took = {code: statistics.median(found) for code, found in times.items()}
    more = {code: ms - took["pass"] for code, ms in took.items()}
    ratio = more["import credpool"] / more[client]
    yield Row("import credpool, over import httpx2", f"{ratio:.2f}", "≤ 0.8", ratio <= 0.8)
    ratio = more["from credpool import Pool"] / more[client]
    yield Row("from credpool import Pool, over import httpx2", f"{ratio:.2f}", "", kept=True)
    ratio = took[version] / took[click]
    yield Row("credpool --version, over a bare click program", f"{ratio:.2f}", "≤ 3", ratio <= 3)


def cpu_ms(code: str) -> float:
    """Run code in an interpreter of its own; return the CPU time that it took, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> int:
    """Print every figure; fail when a budget is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        kept = True
        for measure in (selecting, changing, following, classifying, requesting, streaming):
            for row in measure(folder):
                print(row, flush=True)
                kept = kept and row.kept
        for row in (*importing(), *starmap(Row, databases.measured())):
            print(row, flush=True)
            kept = kept and row.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
