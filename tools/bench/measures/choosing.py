"""How long it takes to choose an entry, beside the parsing of one entry's row."""

from collections.abc import Iterator
from typing import Final

from tools.bench.figures import Figure, Timings, values
from tools.bench.setting import OURS, Setting
from tools.bench.worker import Worker, working

STRATEGIES: Final = ("fill_first", "round_robin", "least_used", "random", "quota_aware")
_PACE: Final = 0.001
_WRITES_EVERY: Final = 0.1


def selecting(setting: Setting) -> Iterator[Figure]:
    """Choose by each strategy, among few and among many, from memory and with a file."""
    sizes = (3, 10_000) if setting.quick else (3, 10_000, 100_000)
    with working(setting.ours) as worker:
        for strategy in STRATEGIES:
            for size in sizes:
                yield _selected(setting, worker, "memory", size, strategy)
        for store in ("file", "sqlite"):
            for size in sizes:
                yield _selected(setting, worker, store, size, "fill_first")
                yield _selected(setting, worker, store, size, "least_used")


def _selected(setting: Setting, worker: Worker, store: str, size: int, strategy: str) -> Figure:
    worker.open("select", entries=size, strategy=strategy, store=store, path=setting.path())
    worker.run(200)
    found = worker.run(setting.rounds(30_000, 3_000))
    return Figure(
        id=f"select.{store}.{strategy}.{size}",
        subject=OURS,
        what=f"choose among {size:,}, {strategy}, {store}",
        values=values(found["pool"], found["row"]),
    )


def mixed_payers(setting: Setting) -> Iterator[Figure]:
    """Choose in turn where entries bill two payers."""
    with working(setting.ours) as worker:
        options = {"entries": 10_000, "strategy": "round_robin", "payers": True}
        worker.open("select", **options)
        worker.run(200)
        found = worker.run(setting.rounds(30_000, 3_000))
        what = "choose among 10,000 of two payers, round_robin, memory"
        ratios = values(found["pool"], found["row"])
        yield Figure(id="select.payers.10000", subject=OURS, what=what, values=ratios)


def selecting_by_peers(setting: Setting) -> Iterator[Figure]:
    """Choose as the peers do; where that takes long, a few times."""
    rounds = {3: (2_000, 200), 10_000: (5, 3)}
    for peer in setting.peer("open-keypool", "LiteLLM Router", "Hermes Agent"):
        with working(peer) as worker:
            for size, often in rounds.items():
                worker.open("select", entries=size)
                worker.run(1)
                found = worker.run(setting.rounds(*often))
                yield Figure(
                    id=f"select.peers.{size}",
                    subject=peer.name,
                    what=f"choose among {size:,}",
                    values=values(found["pool"], found["row"]),
                )


def beside_a_writer(setting: Setting) -> Iterator[Figure]:
    """Choose among 10,000 while another process changes the file every 100 ms."""
    ways = {"saturated": 0.0, "paced": _PACE}
    for store in ("file", "sqlite"):
        for name, pace in ways.items():
            found = _beside(setting, store, pace)
            how = "1,000 times a second" if pace else "without a pause"
            yield Figure(
                id=f"select.writer.{store}.{name}",
                subject=OURS,
                what=f"choose among 10,000 {how}, {store}, while another process writes",
                values=values(found["pool"], found["row"]),
            )


def _beside(setting: Setting, store: str, pace: float) -> dict[str, Timings]:
    seconds = 2 if setting.quick else 8
    with working(setting.ours) as worker, working(setting.ours) as other:
        path = setting.path()
        worker.open("select", entries=10_000, store=store, path=path)
        worker.run(200)
        other.open("foreign", store=store, path=path)
        other.begin(round(seconds / _WRITES_EVERY), _WRITES_EVERY)
        found = worker.run(round(seconds / pace) if pace else seconds * 60_000, pace)
        other.end()
        return dict(found)


def in_threads(setting: Setting) -> Iterator[Figure]:
    """Choose in 64 threads at once, alone and while another process writes."""
    with working(setting.ours) as worker, working(setting.ours) as other:
        path, rounds = setting.path(), setting.rounds(40, 8)
        worker.open("select_threads", entries=10_000, path=path, threads=64, each=50)
        worker.run(2)
        alone = worker.run(rounds)["pool"]
        other.open("foreign", store="file", path=path)
        other.begin(rounds, _WRITES_EVERY)
        beside = worker.run(rounds)["pool"]
        other.end()
    for name, found in {"alone": alone, "writer": beside}.items():
        told = values(found, alone) | {
            "rate": 3_200 / (sorted(found.wall)[len(found.wall) // 2] / 1e9)
        }
        told["errors"] = sum(facts["errors"] for facts in found.facts)
        what = f"3,200 choices by 64 threads among 10,000, {name}"
        yield Figure(id=f"select.threads.{name}", subject=OURS, what=what, values=told)


def names_of_models(setting: Setting) -> Iterator[Figure]:
    """Choose for names of models that a client invents."""
    with working(setting.ours) as worker:
        worker.open("model_names", names=20_000, path=setting.path())
        first, *_, last = worker.run(3)["pool"].facts
    told = {"grown": last["grown"], "each": last["each"], "ratio": last["each"] / first["each"]}
    what = "20,000 names of models: bytes grown, and the last over the first"
    yield Figure(id="select.names", subject=OURS, what=what, values=told)


def counting(setting: Setting) -> Iterator[Figure]:
    """Count requests while somebody reads the state, and tell changes of payer."""
    with working(setting.ours) as worker:
        worker.open("lag", requests=10_500, path=setting.path())
        unstored = worker.run(1)["pool"].facts[0]["unstored"]
        what = "requests that the file lags behind, after 10,500"
        yield Figure(id="counts.lag", subject=OURS, what=what, values={"count": unstored})
        worker.open("payers", calls=3_000, path=setting.path())
        told = worker.run(1)["pool"].facts[0]["told"]
        what = "changes of payer that are told, of 3,000 calls in turn"
        yield Figure(id="counts.payers", subject=OURS, what=what, values={"count": told})
