"""How long requests take through a pool, beside the same client without one."""

from collections.abc import Iterator, Mapping
from typing import Final

from tools.bench.figures import Figure, Timings, values
from tools.bench.setting import Setting
from tools.bench.worker import Subject, working

_CLIENTS: Final = {
    "request": ("a request, over the bare client", ("credpool", "open-keypool"), (3_000, 500)),
    "sdk": ("a request, over the openai SDK", ("credpool", "LiteLLM Router"), (1_500, 200)),
}
_ALL_AT_ONCE: Final = (1, 8, 64, 512)


def requests(setting: Setting) -> Iterator[Figure]:
    """Send one request after the other."""
    for task, (what, names, rounds) in _CLIENTS.items():
        for subject in (setting.ours, *setting.peers):
            if subject.name in names:
                found = _timed(setting, subject, task, setting.rounds(*rounds))
                told = values(found["pool"], found["bare"])
                yield Figure(id=f"send.{task}", subject=subject.name, what=what, values=told)


def streams(setting: Setting) -> Iterator[Figure]:
    """Read streams of 300 events."""
    for subject in (setting.ours, *setting.peer("LiteLLM Router")):
        found = _timed(setting, subject, "stream", setting.rounds(60, 25))
        told = values(found["pool"], found["bare"])
        what = "a stream of 300 events, over the openai SDK"
        yield Figure(id="send.stream.whole", subject=subject.name, what=what, values=told)
        firsts = {name: timings.told("first") for name, timings in found.items()}
        told = values(firsts["pool"], firsts["bare"])
        what = "a stream's first event, over the openai SDK"
        yield Figure(id="send.stream.first", subject=subject.name, what=what, values=told)


def _timed(setting: Setting, subject: Subject, task: str, rounds: int) -> Mapping[str, Timings]:
    with working(subject) as worker:
        worker.open(task, url=setting.url, path=setting.path())
        worker.run(max(10, rounds // 20))
        return worker.run(rounds)


def at_once(setting: Setting) -> Iterator[Figure]:
    """Send many requests at once, by tasks of an event loop and by threads."""
    with working(setting.ours) as worker:
        for calls in _ALL_AT_ONCE[2:3] if setting.quick else _ALL_AT_ONCE:
            each = max(1, 256 // calls)
            options = {"calls": calls, "each": each, "path": setting.path(), "url": setting.url}
            worker.open("concurrent", **options)
            worker.run(2)
            found = worker.run(setting.rounds(15, 5))
            told = values(found["pool"], found["bare"])
            told["rate"] = calls * each / (told["p50"] / 1e9)
            what = f"{calls} requests at once in an event loop, over the bare client"
            yield Figure(id=f"send.loop.{calls}", subject="credpool", what=what, values=told)
        for threads in () if setting.quick else (1, 64):
            options = {"threads": threads, "each": 256 // threads, "path": setting.path()}
            worker.open("threaded", url=setting.url, **options)
            worker.run(2)
            found = worker.run(15)
            told = values(found["pool"], found["bare"])
            told["rate"] = 256 / (told["p50"] / 1e9)
            told["errors"] = sum(f["errors"] for f in found["pool"].facts)
            what = f"256 requests by {threads} threads, over the bare client"
            yield Figure(id=f"send.threads.{threads}", subject="credpool", what=what, values=told)


def past_a_dead_key(setting: Setting) -> Iterator[Figure]:
    """Call from 32 threads at once while the first key has no money."""
    names = ("open-keypool", "LiteLLM Router")
    for subject in (setting.ours, *setting.peer(*names)):
        with working(subject) as worker:
            worker.open("dead_key", url=setting.url, path=setting.path(), threads=32)
            worker.run(1)
            found = worker.run(setting.rounds(15, 5))
        dead, healthy = found["dead"], found["healthy"]
        told = values(dead.told("took"), healthy.told("took"))
        for name in ("wasted", "writes", "errors"):
            counts = [f[name] for f in dead.facts if name in f]
            told |= {name: max(counts)} if counts else {}
        what = "32 calls by 32 threads, the first key without money, over 32 healthy ones"
        yield Figure(id="recover.dead", subject=subject.name, what=what, values=told)


def past_throttled_keys(setting: Setting) -> Iterator[Figure]:
    """Call once while 15 of 100 keys are throttled."""
    with working(setting.ours) as worker:
        worker.open("throttled", url=setting.url, path="", entries=100, busy=15)
        status = worker.run(1)["pool"].facts[0]["status"]
    what = "the reply's status, 15 of 100 keys being throttled"
    yield Figure(id="recover.throttled", subject="credpool", what=what, values={"status": status})
