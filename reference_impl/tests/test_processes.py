"""Several real processes on one `auth.json`, and processes that are killed while they save."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event, Timer
from typing import IO

import pytest

from credpool import AuthType, Entry, EntryId, Pool, Secret, Status
from credpool.pool import engine_of
from credpool.stores import JsonFileStore
from credpool.testing.messages import FakeReply
from credpool.testing.provider import FakeProvider

PROGRAMS = Path(__file__).parent / "programs"
GIVE_UP = 120  # seconds of real time, which only a broken run takes
MANY = 8
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes as POSIX has them")


class Worker:
    """A process with a pool on the file."""

    def __init__(self, process: subprocess.Popen[str], said: IO[str], told: IO[str]) -> None:
        self._process, self._said, self._told = process, said, told

    def tell(self, word: str) -> None:
        """Ask for something, and do not wait for it."""
        self._told.write(f"{word}\n")
        self._told.flush()

    def hear(self) -> str:
        """Return the next word that it says."""
        return self._said.readline().strip()

    def ask(self, word: str) -> str:
        """Ask for something, and return what it says."""
        self.tell(word)
        return self.hear()


@contextmanager
def workers(path: Path, provider: FakeProvider, draws: Sequence[str]) -> Iterator[list[Worker]]:
    """Start a process for each draw ("" for `fill_first`), all of them ready; end them all."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(_started([str(path), "generic", f"{provider.url}/v1", draw]))
            for draw in draws
        ]
        assert [worker.hear() for worker in started] == ["ready"] * len(started)
        yield started


@contextmanager
def _started(arguments: list[str]) -> Iterator[Worker]:
    program = [sys.executable, str(PROGRAMS / "worker.py"), *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(program, text=True, **pipes) as process:  # noqa: S603
        watch = Timer(GIVE_UP, process.kill)
        watch.start()
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Worker(process, process.stdout, process.stdin)
        finally:
            watch.cancel()
            process.stdin.close()
            process.wait(GIVE_UP)


def keep(path: Path, entries: Sequence[Entry], provider: FakeProvider) -> None:
    """Put entries that belong to the fake provider into the file."""
    owned = tuple(
        replace(e, base_url=f"{provider.url}/v1", token_url=f"{provider.url}/token")
        for e in entries
    )
    JsonFileStore(path, "generic").update(lambda state: replace(state, entries=owned))


def key(name: str) -> Entry:
    """Make a key."""
    return Entry(id=EntryId(name), secret=Secret(f"sk-{name}"), priority=ord(name))


def run(program: str, path: Path, *more: str) -> dict[str, object]:
    """Run a program that prints what it found, as JSON."""
    command = [sys.executable, str(PROGRAMS / program), str(path), *more]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=GIVE_UP, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_eight_processes_refresh_a_login_once(tmp_path: Path) -> None:
    """Seven processes wait for the eighth's refresh; one POST, and eight calls with its token."""
    path, asked, go = tmp_path / "auth.json", Event(), Event()
    login = Entry(
        id=EntryId("a"),
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-old"),
        refresh_token=Secret("made-up-grant"),
        expires_at=1.0,
    )
    grant = json.dumps({"access_token": "made-up-new", "expires_in": 3600}).encode()

    def slowly() -> Iterator[bytes]:
        asked.set()
        assert go.wait(GIVE_UP)
        yield grant

    reply = FakeReply(headers={"content-type": "application/json"}, body=slowly())
    with FakeProvider({"made-up-grant": [reply]}) as provider:
        keep(path, [login], provider)
        with workers(path, provider, [""] * MANY) as started:
            started[0].tell("call")
            assert asked.wait(GIVE_UP)  # it has the claim, and the reply is on its way
            for worker in started[1:]:
                worker.tell("call")
            waiting = [worker.hear() for worker in started[1:]]
            go.set()
            codes = [worker.hear() for worker in started]

        assert waiting == ["waits"] * (MANY - 1)
        assert codes == ["200"] * MANY
        assert Counter(provider.secrets) == {"made-up-grant": 1, "made-up-new": MANY}


def test_eight_processes_lose_no_update(tmp_path: Path) -> None:
    """Eight keys run out in eight processes in one instant: all are out, every request counted."""
    path, together = tmp_path / "auth.json", Barrier(MANY, timeout=GIVE_UP)
    names = "abcdefgh"

    def at_once() -> Iterator[bytes]:
        together.wait()
        assert isinstance(NO_MONEY.body, bytes)
        yield NO_MONEY.body

    refusals = {f"sk-{name}": [replace(NO_MONEY, body=at_once())] for name in names}
    with FakeProvider(refusals) as provider:
        keep(path, [key(name) for name in f"{names}z"], provider)
        with workers(path, provider, [f"{(n + 0.5) / 9}" for n in range(MANY)]) as started:
            for worker in started:
                worker.tell("call")
            codes = [worker.hear() for worker in started]
            flushed = [worker.ask("flush") for worker in started]

        entries = JsonFileStore(path, "generic").load().entries
        statuses = {str(e.id): e.status(0.0) for e in entries}
        counts = {f"sk-{e.id}": e.request_count for e in entries if e.request_count}
        assert codes == ["200"] * MANY
        assert flushed == ["flushed"] * MANY
        assert statuses == {**dict.fromkeys(names, Status.EXHAUSTED), "z": Status.OK}
        assert counts == Counter(provider.secrets)


def test_eight_processes_see_a_cooldown_at_their_next_selection(tmp_path: Path) -> None:
    """One process finds a key empty, and none of the eight asks it again, until it is reset."""
    path = tmp_path / "auth.json"
    fine = FakeReply.json({})
    with FakeProvider({"sk-a": [*[fine] * MANY, NO_MONEY]}) as provider:
        keep(path, [key("a"), key("b")], provider)
        with workers(path, provider, [""] * MANY) as started:
            before = [worker.ask("call") for worker in started]
            empty = started[3].ask("call")
            after = [worker.ask("call") for worker in started]
            asked = Counter(provider.secrets)
            started[5].ask("reset")
            again = [worker.ask("call") for worker in started]

        assert [*before, empty, *after, *again] == ["200"] * (3 * MANY + 1)
        assert asked == {"sk-a": MANY + 1, "sk-b": MANY + 1}
        assert Counter(provider.secrets) == {"sk-a": 2 * MANY + 1, "sk-b": MANY + 1}


COUNTING = """
import sys
from credpool import Pool
from credpool.pool import engine_of
from credpool.stores import JsonFileStore
pool = Pool(JsonFileStore(sys.argv[1], "openai"))
for _ in range(3):
    engine_of(pool).used(pool.state.entries[0])
"""


def test_a_process_that_ends_keeps_its_counts(tmp_path: Path) -> None:
    """Three requests are three, although nobody asked for them to be written."""
    path = tmp_path / "auth.json"
    JsonFileStore(path, "openai").update(lambda state: replace(state, entries=(key("a"),)))

    subprocess.run([sys.executable, "-c", COUNTING, str(path)], check=True, timeout=GIVE_UP)  # noqa: S603

    assert JsonFileStore(path, "openai").load().entries[0].request_count == 3


def test_a_process_that_ends_makes_no_file(tmp_path: Path) -> None:
    """Where the store is gone there is nothing to keep counts in."""
    path = tmp_path / "auth.json"
    JsonFileStore(path, "openai").update(lambda state: replace(state, entries=(key("a"),)))
    pool = Pool(JsonFileStore(path, "openai"))
    engine_of(pool).used(pool.state.entries[0])
    path.unlink()

    engine_of(pool).ended()

    assert not path.exists()


def test_a_forked_process_is_one_of_two(tmp_path: Path) -> None:
    """A forked process claims under a name of its own, and counts nothing twice."""
    path = tmp_path / "auth.json"
    login = Entry(
        id=EntryId("a"), secret=Secret("made-up"), refresh_token=Secret("g"), request_count=5
    )
    JsonFileStore(path, "openai").update(lambda state: replace(state, entries=(login,)))

    found = run("fork.py", path)

    assert found == {"child": "Exchange", "parent": "Send", "count": 8}


@pytest.mark.parametrize("kind", ["memory", "file", "borrowing"])
def test_a_forked_process_makes_changes_of_its_own(tmp_path: Path, kind: str) -> None:
    """While four threads write, each child that is forked learns something, and none waits for ever."""
    found = run("forks.py", tmp_path, kind, "10")

    assert found == {"fine": 10, "failed": 0, "hung": 0, "stuck": 0}


@pytest.mark.parametrize("kind", multiprocessing.get_all_start_methods())
def test_a_child_of_multiprocessing_keeps_its_counts(tmp_path: Path, kind: str) -> None:
    """Four children of two requests each, however they are started, and one parent: ten in all."""
    found = run("forks.py", tmp_path, kind, "2")

    assert found == {"fine": 4, "of": 4, "counted": 10}


def test_a_fork_does_not_let_go_of_the_lock(tmp_path: Path) -> None:
    """A child that is born and ends while its parent saves does not open the file to others."""
    found = run("forks.py", tmp_path, "holding", "3")

    assert found == {"free": 0, "of": 3}


def test_a_child_does_not_hold_the_lock_of_a_parent_that_was_killed(tmp_path: Path) -> None:
    """What a child has inherited of a lock ends with the parent, however long the child lives."""
    found = run("forks.py", tmp_path, "orphaned", "3")

    assert found == {"free": 3, "of": 3}


@pytest.mark.parametrize("named", [[], ["named"]], ids=["without a name", "with a name"])
def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, named: list[str]
) -> None:
    """A process is killed at each step of a save in turn; nothing else is ever found."""
    path = tmp_path / "auth.json"
    entry = Entry(id=EntryId("a"), secret=Secret("made-up"), request_count=5)
    JsonFileStore(path, "openai").update(lambda state: replace(state, entries=(entry,)))

    found = run("killed_at_each_step.py", path, *named)

    outcomes, steps, copies = found["outcomes"], found["steps"], found["copies"]
    assert isinstance(outcomes, dict)
    assert isinstance(steps, int)
    assert isinstance(copies, dict)
    assert outcomes.keys() == {"old", "new"}
    assert sum(outcomes.values()) == steps > 300  # as many as there are instructions in a save
    assert found["last"] == "new"
    assert found["modes"] == ["0o600"]
    assert copies.keys() == {"0", "1"}, "each save removes what the one before has left"
    assert found["left"] == 0
    if not named and sys.platform == "linux":
        assert copies["1"] < 30, "there is a copy between its naming and its taking the place"


def test_processes_that_do_random_things_lose_nothing(tmp_path: Path) -> None:
    """Four processes call, reset, add, remove and save, some are killed, and the file stays whole."""
    found = run("many_processes.py", tmp_path, "4", "240", "3")

    wrong = ("torn", "stuck", "lost", "back", "miscounted")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["left"] == []
    assert found["kills"] in (1, 2, 3)
    assert found["operations"] == 240
