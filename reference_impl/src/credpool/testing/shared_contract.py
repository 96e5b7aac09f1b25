"""The contract of a store that outlives its program and that several programs use at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from credpool.model.errors import StoreError, StoreTooNew, StoreUnreadable, StoreUnwritable
from credpool.model.secret import Veiled
from credpool.pool import Store
from credpool.testing.contract import StoreContract, counted, sample

_GIVE_UP: Final = 120
"""Seconds of real time that another process may take, which only a broken run does."""

_BEGIN: Final = """
import os, signal, sys, threading
from dataclasses import replace
from credpool.testing.contract import counted, sample
"""
_COUNT: Final = """
for _ in range(int(sys.argv[1])):
    store.update(counted("a"))
"""
_KILLED: Final = """
def ends(state):
    reached.append(state)
    if len(reached) == 1 and TWICE:
        other.update(counted("b"))
        first = state.entries[0]
        return state.change({first.id: replace(first, label="never")})
    os.kill(os.getpid(), signal.SIGKILL)

reached = []
store.load()
store.update(ends)
"""
_FORKS: Final = """
def count():
    while not done.is_set():
        store.update(counted("a"))
        mine[threading.current_thread().name] = mine.get(threading.current_thread().name, 0) + 1

def child():
    code = 1
    try:
        store.update(counted("a"))
        store.load()
        code = 0
    finally:
        os._exit(code)

store.update(counted("a"))
done, mine, codes = threading.Event(), {}, []
threads = [threading.Thread(target=count) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        child()
    codes.append(os.waitpid(pid, 0)[1])
done.set()
for thread in threads:
    thread.join()
print(codes.count(0), 1 + len(codes) + sum(mine.values()))
print(store.load().entries[0].request_count)
"""


class SharedStoreContract(StoreContract):
    """The contract of a store in a place that other programs reach. Say how they do."""

    def program(self) -> str:
        """Return the lines of Python by which another process opens the same store as `store`."""
        raise NotImplementedError

    def impatient(self) -> Store:
        """Return another store on the same place that waits for nobody."""
        raise NotImplementedError

    def beside(self) -> Store:
        """Return a store of another pool in the same place."""
        raise NotImplementedError

    def spoil(self) -> None:
        """Make the place unreadable, as an accident would."""
        raise NotImplementedError

    def outdate(self) -> None:
        """Let the place look as if a later version had written it."""
        raise NotImplementedError

    def content(self) -> object:
        """Return all that is in the place, for a comparison."""
        raise NotImplementedError

    def held(self) -> AbstractContextManager[object]:
        """Keep every change from being saved, for as long as the context lasts."""
        raise NotImplementedError

    def test_processes_lose_nothing(self) -> None:
        """Updates by several processes at once are all kept, and a store that was open sees them."""
        store = self.new_store((sample("a"), sample("b")))
        before = store.stamp()

        others = [self._start(_COUNT, "20") for _ in range(3)]
        for _ in range(20):
            store.update(counted("b"))
        codes = [_code(other) for other in others]

        assert codes == [0, 0, 0]
        assert [e.request_count for e in store.load().entries] == [60, 20]
        assert store.stamp() != before

    def test_another_process_is_seen(self) -> None:
        """After another process has written, the stamp differs and a load reads what it wrote."""
        store = self.new_store((sample("a"),))
        stamp, _ = store.stamp(), store.load()

        assert _code(self._start(_COUNT, "1")) == 0

        assert store.stamp() != stamp
        assert store.load().entries[0].request_count == 1

    def test_counts_of_two_add_up(self) -> None:
        """Counts that two have added to what they had in mind are a sum, and lower nothing."""
        store = self.new_store((sample("a"), sample("b")))
        other = self.reopen(store)
        for one in (store, other):
            one.load()

        other.update(counted("a", 5))
        store.update(counted("a", 3))
        other.update(counted("b", 2))

        assert [e.request_count for e in store.load().entries] == [8, 2]
        assert other.load() == store.load()

    def test_unknown_fields_stay(self) -> None:
        """Fields that are not known are the same after a change of that entry and of another."""
        odd = {"tls": {"deep": [1, 2.5, None, {"": "é\ud83d\ude00"}]}, "big": 10**30, "no": False}
        whole = replace(sample("a"), extra=MappingProxyType(odd | {"api_key": Veiled("hidden")}))
        store = self.new_store((whole, sample("b")))

        store.update(counted("b"))
        self.reopen(store).update(counted("a"))

        (first, _) = self.reopen(store).load().entries
        assert json.dumps(dict(first.extra), sort_keys=True) == json.dumps(
            dict(whole.extra), sort_keys=True
        )

    def test_the_pool_beside_stays(self) -> None:
        """A change of one pool leaves another in the same place as it is, and its store readable."""
        store, beside = self.new_store((sample("a"),)), self.beside()
        beside.update(lambda s: replace(s, entries=(sample("z"),), suppressed=frozenset({"env:Z"})))
        before = beside.load()

        store.update(counted("a"))
        store.update(lambda s: replace(s, entries=(), suppressed=frozenset({"env:A"})))

        assert beside.load() == before
        assert self.reopen(store).load().suppressed == {"env:A"}

    def test_what_is_spoilt_is_not_empty(self) -> None:
        """A place that cannot be read is refused by every use, and is left as it is."""
        store = self.new_store((sample("a"),))
        store.load()
        self.spoil()
        before = self.content()

        assert _refusal(self.reopen(store).load) is StoreUnreadable
        assert _refusal(lambda: self.reopen(store).update(counted("a"))) is StoreUnreadable
        assert self.content() == before

    def test_a_later_version_is_refused(self) -> None:
        """A place that a later version has written is neither read nor written, also by an open store."""
        store = self.new_store((sample("a"),))
        store.load()
        self.outdate()
        before = self.content()

        for one in (store, self.reopen(store)):
            assert _refusal(one.load) is StoreTooNew
            assert _refusal(lambda s=one: s.update(counted("a"))) is StoreTooNew  # type: ignore[misc]
        assert self.content() == before

    def test_what_cannot_be_saved_is_told(self) -> None:
        """A change that cannot be saved ends with an error, is not seen by anybody, and can be made later."""
        self.new_store((sample("a"),))
        one = self.impatient()
        before = one.load()

        with self.held():
            assert _refusal(lambda: one.update(counted("a"))) is StoreUnwritable
            assert one.load() == before

        assert one.update(counted("a")).entries[0].request_count == 1

    def test_a_change_of_nothing_waits_for_nobody(self) -> None:
        """A change that changes nothing is made while nothing can be saved."""
        self.new_store((sample("a"),))
        one = self.impatient()

        with self.held():
            state = one.update(lambda s: s)

        assert state == one.load()

    def test_a_crash_within_a_change_changes_nothing(self) -> None:
        """A process that is killed while it changes the pool leaves it as it was, and holds up nobody."""
        store = self.new_store((sample("a"), sample("b")))

        for twice in (False, True):
            two = f"TWICE, other = {twice}, store\n{self.program()}"
            killed = _code(self._start(two + _KILLED, ""))

            assert killed == -signal.SIGKILL
        store.update(counted("a"))
        assert [e.request_count for e in store.load().entries] == [1, 1]

    def test_forks_amid_changes(self) -> None:
        """Children that are forked while threads write can write themselves, and nothing is lost."""
        if not hasattr(os, "fork"):
            return
        store = self.new_store((sample("a"),))

        told, _ = self._start(_FORKS, "10").communicate(timeout=_GIVE_UP)

        ended, counts, stored = map(int, told.split())
        assert ended == 10
        assert stored == counts
        assert store.load().entries[0].request_count == counts

    def _start(self, work: str, argument: str) -> "subprocess.Popen[str]":
        """Start another process, with the same store open as `store`."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        code = f"{_BEGIN}\n{self.program()}\n{work}"
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, argument]
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)  # noqa: S603


def _code(process: "subprocess.Popen[str]") -> int:
    """Wait for a process to end, and return how it did."""
    process.communicate(timeout=_GIVE_UP)
    return process.returncode


def _refusal(use: Callable[[], object]) -> type[StoreError] | None:
    """Return the error with which a use of a store ends, if with one."""
    refused: StoreError | None = None
    try:
        use()
    except StoreError as err:
        refused = err
    assert "sk-made-up" not in str(refused), "an error holds no secret"
    return None if refused is None else type(refused)
