"""Pools in a database."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.errors import StoreError, StoreUnreadable, StoreUnwritable
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.pool import Store
from credpool.stores import SqliteStore
from credpool.testing import SharedStoreContract
from credpool.testing.contract import sample


class TestSqliteStore(SharedStoreContract):
    """The store in a database, reopened by its path."""

    path: Path

    @pytest.fixture(autouse=True)
    def _at(self, tmp_path: Path) -> None:
        self.path = tmp_path / "new" / "pool.db"

    def new_store(self, entries: tuple[Entry, ...]) -> SqliteStore:
        """Return a store on a new database that holds these entries."""
        store = SqliteStore(self.path, "openrouter")
        store.update(lambda state: replace(state, entries=entries))
        return store

    def reopen(self, store: Store) -> SqliteStore:  # noqa: ARG002  the path says it all
        """Return another store on the same database."""
        return SqliteStore(self.path, "openrouter")

    def impatient(self) -> SqliteStore:
        """Return another store on the same database, which gives up at once."""
        return SqliteStore(self.path, "openrouter", lock_timeout=0.0)

    def program(self) -> str:
        """Return how another process opens it."""
        return (
            "from credpool.stores import SqliteStore\n"
            f"store = SqliteStore({str(self.path)!r}, 'openrouter', lock_timeout=60)\n"
        )

    def beside(self) -> SqliteStore:
        """Return the store of another pool in the database."""
        return SqliteStore(self.path, "groq")

    def spoil(self) -> None:
        """Put half of the file in its place."""
        with by_hand(self.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        half = self.path.with_name("half")
        half.write_bytes(self.path.read_bytes()[: self.path.stat().st_size // 2])
        half.replace(self.path)

    def outdate(self) -> None:
        """Give the database a later version."""
        with by_hand(self.path) as connection:
            connection.execute("PRAGMA user_version = 2")

    def content(self) -> object:
        """Return what the database holds, or the file when it is none."""
        try:
            with by_hand(self.path) as connection:
                return [*connection.iterdump()]
        except sqlite3.Error:
            return self.path.read_bytes()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Write as somebody else, and do not end."""
        with by_hand(self.path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@contextmanager
def by_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database as another program does."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


SECRET = "sk-made-up-secret-1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a database with two entries."""
    found = tmp_path / "pool.db"
    opened(found).update(lambda s: replace(s, entries=(sample("a"), sample("b"))))
    return found


def opened(path: Path, **options: object) -> SqliteStore:
    """Return the store of openrouter's pool in that database."""
    return SqliteStore(path, "openrouter", **options)  # type: ignore[arg-type]


def cool(name: str, message: str = "slow down") -> Callable[[PoolState], PoolState]:
    """Return the change that lets an entry cool."""
    cooldown = Cooldown(
        failure=FailureClass.RATE_LIMITED, since=1000.0, until=1030.0, message=message
    )

    def change(state: PoolState) -> PoolState:
        return state.change(
            {e.id: replace(e, cooldown=cooldown) for e in state.entries if e.id == name}
        )

    return change


def ids(store: Store) -> list[str]:
    """Return the ids of a pool, in order."""
    return [entry.id for entry in store.load().entries]


def test_a_missing_database_is_an_empty_pool(tmp_path: Path) -> None:
    """Nothing there is no entries, and neither reading nor an empty change makes a file."""
    store = opened(tmp_path / "pool.db")

    store.update(lambda state: state)

    assert store.load().entries == ()
    assert store.stamp() is None
    assert [*tmp_path.iterdir()] == []


def test_strategy_and_policy_come_from_the_constructor(path: Path) -> None:
    """What the database does not hold is what the store was made with."""
    policy = Policy(max_retry_wait=1.0)

    state = opened(path, provider="generic", strategy=Strategy.RANDOM, policy=policy).load()

    assert (state.key, state.provider) == ("openrouter", "generic")
    assert (state.strategy, state.policy) == (Strategy.RANDOM, policy)


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """The database, what is beside it and a folder made for it are closed to others, also later."""
    path = tmp_path / "new" / "pool.db"
    store = opened(path)
    store.update(lambda s: replace(s, entries=(sample("a"),)))
    made = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}

    path.chmod(0o644)
    again = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _COUNT_ONE, str(path)], env=program_env(), check=True
    )

    assert again.returncode == 0
    assert {mode for name, mode in made.items() if name != "pool.lock"} == {0o600}
    assert {"pool.db", "pool.db-wal", "pool.db-shm"} <= made.keys()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.load().entries[0].request_count == 1


_COUNT_ONE = """
import sys
from credpool.stores import SqliteStore
from credpool.testing.contract import counted
SqliteStore(sys.argv[1], "openrouter").update(counted("a"))
"""


def program_env() -> dict[str, str]:
    """Return an environment in which another Python can import what this one can."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"version": 1}', id="a document"),
        pytest.param(b"SQLite format 3\0" + b"\0" * 500, id="a torn beginning"),
    ],
)
def test_what_is_no_database_is_refused_and_left(path: Path, content: bytes) -> None:
    """Unreadable is not empty: no read and no write touches the file."""
    store, other = opened(path), path.with_name("other")
    store.load()
    other.write_bytes(content)
    other.replace(path)

    for use in (store.load, opened(path).load, lambda: store.update(cool("a"))):
        with pytest.raises(StoreUnreadable, match="nothing was changed"):
            use()

    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A database that is none of pools is not written into."""
    path = tmp_path / "pool.db"
    with by_hand(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")

    for use in (opened(path).load, lambda: opened(path).update(cool("a"))):
        with pytest.raises(StoreUnreadable, match="no database of pools"):
            use()


def test_a_path_through_a_file_is_refused(path: Path) -> None:
    """A path that cannot exist is not an empty pool, and says so."""
    store = opened(path / "pool.db")

    for use in (store.load, store.stamp, lambda: store.update(lambda s: s)):
        with pytest.raises(StoreUnreadable, match="Not a directory"):
            use()


def test_a_database_that_was_put_in_its_place_is_seen(path: Path) -> None:
    """A backup that is moved over the file counts from then on, whatever its numbers are."""
    backup, store = path.with_name("backup.db"), opened(path)
    opened(backup).update(lambda s: replace(s, entries=(sample("z"),)))
    with by_hand(backup) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stamp = store.stamp()
    assert ids(store) == ["a", "b"]

    shutil.copy(backup, path.with_name("copy"))
    path.with_name("copy").replace(path)

    assert store.stamp() != stamp
    assert ids(store) == ["z"]
    store.update(cool("z"))
    assert opened(path).load().entries[0].cooldown is not None


def test_a_database_that_is_gone_is_an_empty_pool(path: Path) -> None:
    """What was read before is not compared with what is there now."""
    store = opened(path)
    store.load()

    for beside in path.parent.glob("pool.db*"):
        beside.unlink()

    assert store.load().entries == ()


def test_a_row_that_did_not_change_is_not_read_again(path: Path) -> None:
    """When another store has changed one row of a hundred, the other entries are the same objects."""
    reader, writer = opened(path), opened(path)
    reader.update(lambda s: replace(s, entries=tuple(sample(f"{n}") for n in range(100))))
    before = reader.load().entries

    writer.update(cool("40"))
    after = reader.load().entries

    assert [n for n in range(100) if after[n] is not before[n]] == [40]


def test_a_changed_row_alone_is_written(path: Path) -> None:
    """A change of one entry writes one row, and a change of nothing none."""
    store = opened(path)

    store.update(cool("b"))
    store.update(cool("b"))

    with by_hand(path) as connection:
        rows = connection.execute("SELECT place, changed FROM entry").fetchall()
        numbers = connection.execute("SELECT changed, shaped FROM pool").fetchall()
    assert rows == [(0, 1), (1, 2)]
    assert numbers == [(2, 1)]


@pytest.mark.parametrize(
    "wanted", ["abc", "cba", "ca", "bcd", "dab", "c", "", "dcba"], ids=lambda w: w or "nobody"
)
def test_entries_come_go_and_move(path: Path, wanted: str) -> None:
    """Whatever an update makes of the order, others read it, those that were open and new ones."""
    store, reader = opened(path), opened(path)
    store.update(lambda s: replace(s, entries=tuple(map(sample, "abc"))))
    before = reader.load().entries

    store.update(lambda s: replace(s, entries=tuple(found(s, name) for name in wanted)))

    assert "".join(ids(reader)) == "".join(ids(opened(path))) == wanted
    assert store.load() == reader.load()
    kept = [e for e in before if e.id in wanted]
    assert all(any(e is k for e in reader.load().entries) for k in kept) or wanted != "abc"


def found(state: PoolState, name: str) -> Entry:
    """Return the entry of that name, or a new one."""
    return state.find(EntryId(name)) or sample(name)


def test_a_change_is_made_again_on_what_somebody_wrote_meanwhile(path: Path) -> None:
    """Another writer between the reading and the transaction is not written over."""
    store, made = opened(path), []

    def change(state: PoolState) -> PoolState:
        if not made:
            opened(path).update(cool("b"))
        made.append(state)
        return cool("a")(state)

    store.update(change)

    assert len(made) == 2
    assert all(e.cooldown is not None for e in opened(path).load().entries)


def test_a_change_that_somebody_else_has_made_meanwhile_is_not_written(path: Path) -> None:
    """A change that finds itself made behind the lock ends as one that changes nothing."""
    store, made = opened(path), []

    def change(state: PoolState) -> PoolState:
        if not made:
            opened(path).update(cool("a"))
        made.append(state)
        return cool("a")(state)

    assert store.update(change) == opened(path).load()
    assert len(made) == 2


def test_nothing_borrowed_reaches_the_database(path: Path) -> None:
    """A borrowed secret is neither written nor returned; a fingerprint is written instead."""
    borrowed = Entry(id=EntryId("e"), secret=Secret("borrowed-secret"), source="env:KEY")

    store = opened(path, fingerprint_key=b"key")

    state = store.update(lambda s: replace(s, entries=(*s.entries, borrowed)))

    assert state.entries[-1].secret is None
    assert state.entries[-1].extra.keys() == {"secret_fingerprint"}
    assert b"borrowed-secret" not in bytes_of(path)


@pytest.mark.parametrize("message", [f"no {SECRET}", f"no {SECRET[:14]}", "no short1!"])
def test_messages_are_redacted_before_they_are_saved(path: Path, message: str) -> None:
    """A message that repeats a secret of any entry, or a part of it, is saved without it."""
    keys = (Entry(id=EntryId("a"), secret=Secret(SECRET)), sample("b"))
    store = opened(path)
    store.update(
        lambda s: replace(s, entries=(*keys, Entry(id=EntryId("c"), secret=Secret("short1!"))))
    )

    state = opened(path).update(cool("b", message))

    assert state.entries[1].cooldown is not None
    assert state.entries[1].cooldown.message == "no ***"


def bytes_of(path: Path) -> bytes:
    """Return the database and what SQLite has written ahead of it."""
    return path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()


@pytest.mark.parametrize(
    ("by", "where"),
    [
        ('UPDATE entry SET row = \'{"access_token": ["sk-made-up"]}\'', "access_token: expected"),
        ('UPDATE entry SET row = \'{"access_token": "sk-made-up\'', "not JSON"),
        ('UPDATE entry SET row = \'{"id": "a"}\'', "has the same id"),
        ("UPDATE pool SET other = '{}'", "expected a list"),
        ("INSERT INTO removed VALUES ('openrouter', '{}')", "expected a list of strings"),
    ],
)
def test_what_no_pool_has_is_refused(path: Path, by: str, where: str) -> None:
    """A row that says what the format does not is told by its place, and never quoted."""
    with by_hand(path) as connection:
        connection.execute(by)
        before = [*connection.iterdump()]

        for use in (opened(path).load, lambda: opened(path).update(cool("a"))):
            with pytest.raises(StoreUnreadable, match=where) as caught:
                use()

            assert "sk-made-up" not in str(caught.value)
            assert caught.value.__context__ is None
        assert [*connection.iterdump()] == before


def test_a_pool_that_could_not_be_read_again_is_not_written(path: Path) -> None:
    """An infinite number, or one id twice, is refused before anything is written."""
    endless = Entry(id=EntryId("e"), secret=None, claim=Claim(holder="me", until=float("inf")))

    for entries in ((endless,), (replace(endless, claim=None),) * 2):
        with pytest.raises(StoreUnwritable, match="the change that made it is at fault"):
            opened(path).update(lambda s, e=entries: replace(s, entries=e))  # type: ignore[misc]

    assert ids(opened(path)) == ["a", "b"]


def test_a_thread_that_waits_for_too_long_is_told(path: Path) -> None:
    """A writer of the same process is waited for no longer than any other."""
    store, refused = opened(path, lock_timeout=0.0), []

    def change(state: PoolState) -> PoolState:
        if len(refused) < 1:
            opened(path).update(cool("b"))
            refused.append("once")
            return cool("a")(state)
        thread = Thread(target=lambda: refused.append(_error_of(opened(path, lock_timeout=0.0))))
        thread.start()
        thread.join()
        return cool("a")(state)

    store.update(change)

    assert refused == ["once", StoreUnwritable]


def _error_of(store: SqliteStore) -> type[Exception] | None:
    try:
        store.update(cool("a", "another one"))
    except StoreError as err:
        return type(err)
    return None


def test_reading_does_not_wait_for_a_writer(path: Path) -> None:
    """A pool is read, and asked whether it has changed, while somebody writes."""
    store = opened(path, lock_timeout=0.0)

    with by_hand(path) as connection:
        connection.execute("BEGIN IMMEDIATE")

        assert store.stamp() == store.stamp()
        assert len(store.load().entries) == 2


def test_a_disk_that_is_full_is_told(path: Path) -> None:
    """When the database cannot grow, the change ends loudly, and the next one can be made."""
    code = _FULL.format(path=str(path))

    told = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=program_env(), check=True, capture_output=True, text=True
    ).stdout

    assert "cannot be written" in told
    assert "nothing was changed" in told
    assert told.endswith("2\n")
    assert ids(opened(path)) == ["a", "b"]


_FULL = """
import resource
from dataclasses import replace
from credpool.errors import StoreUnwritable
from credpool.stores import SqliteStore
from credpool.testing.contract import sample

store = SqliteStore({path!r}, "openrouter")
store.load()
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
try:
    store.update(lambda s: replace(s, entries=tuple(sample(str(n)) for n in range(50))))
except StoreUnwritable as err:
    print(err)
print(len(store.load().entries))
"""


def test_stores_of_one_database_share_their_connections(path: Path) -> None:
    """A thousand pools of one database have three files open, and not three thousand."""
    stores = [SqliteStore(path, f"custom:{n}") for n in range(1000)]

    for store in stores:
        store.load()
    opened = len([*Path("/proc/self/fd").iterdir()])

    assert opened < 500
    assert len(stores) == 1000
