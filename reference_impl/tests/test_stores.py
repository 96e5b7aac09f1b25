"""Where pools are kept."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.errors import StoreError, StoreTooNew, StoreUnreadable, StoreUnwritable
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.pool import Store
from credpool.stores import JsonFileStore, MemoryStore
from credpool.stores.auth_json import codec
from credpool.testing import SharedStoreContract, StoreContract

SECRET = "made-up-secret-1"
DOCUMENT = {
    "version": 1,
    "active_provider": "nous",
    "credential_pool": {
        "openrouter": [{"id": "a", "access_token": SECRET, "future": [1]}, {"id": "b"}],
        "gemini": [{"id": "c", "access_token": "other"}, "whatever it is"],
    },
}


class TestMemoryStore(StoreContract):
    """The store in memory."""

    def new_store(self, entries: tuple[Entry, ...]) -> MemoryStore:
        """Return a store that holds these entries."""
        return MemoryStore(PoolState(key="openrouter", provider="openrouter", entries=entries))


class TestJsonFileStore(SharedStoreContract):
    """The store in a file, reopened by its path."""

    path: Path

    @pytest.fixture(autouse=True)
    def _at(self, tmp_path: Path) -> None:
        self.path = tmp_path / "new" / "auth.json"

    def new_store(self, entries: tuple[Entry, ...]) -> JsonFileStore:
        """Return a store on a new file that holds these entries."""
        store = JsonFileStore(self.path, "openrouter")
        store.update(lambda state: replace(state, entries=entries))
        return store

    def reopen(self, store: Store) -> JsonFileStore:  # noqa: ARG002  the path says it all
        """Return another store on the same file."""
        return JsonFileStore(self.path, "openrouter")

    def impatient(self) -> JsonFileStore:
        """Return another store on the same file, which gives up at once."""
        return JsonFileStore(self.path, "openrouter", lock_timeout=0.0)

    def program(self) -> str:
        """Return how another process opens it."""
        return (
            "from credpool.stores import JsonFileStore\n"
            f"store = JsonFileStore({str(self.path)!r}, 'openrouter', lock_timeout=60)\n"
        )

    def beside(self) -> JsonFileStore:
        """Return the store of another pool in the file."""
        return JsonFileStore(self.path, "groq")

    def spoil(self) -> None:
        """Cut the file off in the middle."""
        self.path.write_bytes(self.path.read_bytes()[:-40])

    def outdate(self) -> None:
        """Give the file a later version."""
        self.path.write_text(self.path.read_text().replace('"version": 1', '"version": 2'))

    def content(self) -> bytes:
        """Return what the file holds."""
        return self.path.read_bytes()

    def held(self) -> FileLock:
        """Hold the lock beside the file."""
        return FileLock(self.path.with_suffix(".lock"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an `auth.json` with two pools."""
    file = tmp_path / "auth.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


def opened(path: Path, **options: object) -> JsonFileStore:
    """Return the store of openrouter's pool in that file, at the epoch."""
    return JsonFileStore(path, "openrouter", now=lambda: 0.0, **options)  # type: ignore[arg-type]


def cool(name: str, message: str = "slow down") -> Callable[[PoolState], PoolState]:
    """Return the change that lets an entry cool."""

    def change(state: PoolState) -> PoolState:
        entry = state.find(EntryId(name))
        assert entry is not None
        cooldown = Cooldown(
            failure=FailureClass.RATE_LIMITED, since=1000.0, until=1030.0, message=message
        )
        return state.change({entry.id: replace(entry, cooldown=cooldown)})

    return change


def left(folder: Path) -> list[str]:
    """Return what is in the folder, except for the lock."""
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


def test_strategy_and_policy_come_from_the_constructor(path: Path) -> None:
    """What the file does not hold is what the store was made with, whatever an update says."""
    policy = Policy(max_retry_wait=1.0)
    store = opened(path, provider="generic", strategy=Strategy.RANDOM, policy=policy)

    store.update(lambda s: replace(cool("a")(s), strategy=Strategy.LEAST_USED, policy=Policy()))

    state = store.load()
    assert (state.key, state.provider) == ("openrouter", "generic")
    assert (state.strategy, state.policy) == (Strategy.RANDOM, policy)


@pytest.mark.parametrize(
    ("key", "provider"), [("anthropic", "anthropic"), ("custom:my-host", "generic")]
)
def test_the_provider_follows_from_the_key(path: Path, key: str, provider: str) -> None:
    """A pool's provider is its key, and that of a custom endpoint is the generic one."""
    assert JsonFileStore(path, key).load().provider == provider


def test_a_missing_file_is_an_empty_pool(tmp_path: Path) -> None:
    """Nothing there is no entries, and neither reading nor an empty change makes a file."""
    store = opened(tmp_path / "auth.json")

    store.update(lambda state: state)

    assert store.load().entries == ()
    assert store.stamp() is None
    assert left(tmp_path) == []


def test_a_file_that_is_gone_is_an_empty_pool(path: Path) -> None:
    """What was read before is not compared with what is there now."""
    store = opened(path)
    store.load()

    path.unlink()

    assert store.load().entries == ()


def test_everything_else_in_the_file_survives(path: Path) -> None:
    """Another pool, malformed or not, and unknown fields are there after an update."""
    opened(path).update(cool("b"))

    document = json.loads(path.read_text())
    assert document["active_provider"] == "nous"
    assert document["updated_at"] == "1970-01-01T00:00:00+00:00"
    assert document["credential_pool"]["gemini"] == DOCUMENT["credential_pool"]["gemini"]  # type: ignore[index]
    assert document["credential_pool"]["openrouter"][0]["future"] == [1]
    assert document["credential_pool"]["openrouter"][1]["failure_class"] == "rate_limited"


def test_what_another_program_writes_is_seen(path: Path) -> None:
    """A file that another program replaced is read again, and its other fields are kept."""
    store = opened(path)
    stored = store.load().entries[1]
    theirs = {"version": 1, "new": 1, "credential_pool": {"openrouter": [{"id": "b"}]}}

    path.write_text(json.dumps(theirs))
    store.update(lambda s: replace(s, entries=(*s.entries, Entry(id=EntryId("z"), secret=None))))

    assert [e.id for e in store.load().entries] == ["b", "z"]
    assert store.load().entries[0] is stored
    assert json.loads(path.read_text())["new"] == 1


def test_what_another_process_left_alone_is_not_read_again(path: Path) -> None:
    """When another store has changed one row of a hundred, the other entries are the same objects."""
    reader, writer = opened(path), opened(path)
    many = tuple(Entry(id=EntryId(f"{n}"), secret=Secret(f"sk-made-up-{n}")) for n in range(100))
    reader.update(lambda s: replace(s, entries=many))
    before = reader.load().entries

    writer.update(cool("40"))
    after = reader.load().entries

    assert [n for n in range(100) if after[n] is not before[n]] == [40]
    assert after[40].cooldown is not None


def test_a_change_of_nothing_takes_no_lock(path: Path) -> None:
    """Where there is nothing to write, nobody is waited for and nothing is written."""
    store, before = opened(path, lock_timeout=0.0), path.read_bytes()

    with FileLock(path.with_suffix(".lock")):
        state = store.update(lambda s: replace(s, entries=(replace(s.entries[0]), *s.entries[1:])))

    assert state == store.load()
    assert path.read_bytes() == before


def test_a_change_is_made_once_when_nobody_else_writes(path: Path) -> None:
    """What was decided without the lock holds when the file is still the same behind it."""
    made: list[PoolState] = []

    opened(path).update(lambda s: made.append(s) or cool("a")(s))  # type: ignore[func-returns-value]

    assert len(made) == 1


def test_a_change_is_made_again_on_what_somebody_wrote_meanwhile(path: Path) -> None:
    """Another writer between the reading and the lock is not written over."""
    store, made = opened(path), []

    def change(state: PoolState) -> PoolState:
        if not made:
            opened(path).update(cool("b"))
        made.append(state)
        return cool("a")(state)

    store.update(change)

    assert len(made) == 2
    assert all(e.cooldown is not None for e in opened(path).load().entries)


def test_the_stamp_comes_with_what_was_read(path: Path) -> None:
    """A store that was not asked for its stamp before returns the one of what it returns."""
    store = opened(path)

    stamp, state = store.read()
    opened(path).update(cool("a"))

    assert state.entries[0].cooldown is None
    assert stamp != store.stamp()
    assert store.read() == (store.stamp(), opened(path).load())


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """The file and a folder made for it are closed to others, and an open file is closed."""
    path = tmp_path / "new" / "auth.json"
    store = opened(path)
    store.update(lambda s: replace(s, entries=(Entry(id=EntryId("a"), secret=None),)))
    made = [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent)]

    path.chmod(0o644)
    store.update(cool("a"))

    assert made == [0o600, 0o700]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_the_file_back(path: Path) -> None:
    """A write by root leaves the file with the user it belongs to."""
    os.chown(path, 12345, 12345)

    opened(path).update(cool("a"))

    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """A write through a link changes the file it leads to, under the lock of either name."""
    link = tmp_path / "elsewhere" / "auth.json"
    link.parent.mkdir()
    link.symlink_to(path)

    opened(link).update(cool("a"))

    assert link.is_symlink()
    assert opened(path).load().entries[0].cooldown is not None
    assert path.with_suffix(".lock").exists()
    assert link.with_suffix(".lock").exists()


def test_a_link_to_nothing_leads_to_the_new_file(tmp_path: Path) -> None:
    """A link whose file is not there yet is written through, too."""
    link = tmp_path / "auth.json"
    link.symlink_to(tmp_path / "real.json")

    opened(link).update(lambda s: replace(s, entries=(Entry(id=EntryId("a"), secret=None),)))

    assert link.is_symlink()
    assert opened(tmp_path / "real.json").load().entries[0].id == "a"


def test_nothing_borrowed_reaches_the_file(path: Path) -> None:
    """A borrowed secret is neither written nor returned; a fingerprint is written instead."""
    borrowed = Entry(id=EntryId("e"), secret=Secret("borrowed-secret"), source="env:KEY")
    store = opened(path, fingerprint_key=b"key")

    state = store.update(lambda s: replace(s, entries=(*s.entries, borrowed)))

    assert state.entries[-1].secret is None
    assert "borrowed-secret" not in path.read_text()
    assert SECRET in path.read_text()
    fingerprint = codec.fingerprint(Secret("borrowed-secret"), b"key")
    assert state.entries[-1].extra == {"secret_fingerprint": fingerprint}


def test_messages_are_redacted_before_they_are_saved(path: Path) -> None:
    """A message that repeats any secret of the pool is saved and returned without it."""
    message = f"{SECRET} and sk-unknown-1234 are out"

    state = opened(path).update(cool("b", message))

    assert state.entries[1].cooldown is not None
    assert state.entries[1].cooldown.message == "*** and *** are out"
    assert path.read_text().count(SECRET) == 1


def test_messages_that_hermes_saved_are_redacted(path: Path) -> None:
    """A message that was saved as it came is clean in memory and after the next write."""
    row = {"id": "a", "access_token": SECRET, "last_error_message": f"no {SECRET}"}
    path.write_text(json.dumps({"credential_pool": {"openrouter": [row, {"id": "b"}]}}))

    opened(path).update(cool("b"))

    assert json.loads(path.read_text())["credential_pool"]["openrouter"][0][
        "last_error_message"
    ] == ("no ***")


REFUSED = [
    pytest.param(b"", StoreUnreadable, "line 1, column 1", id="an empty file"),
    pytest.param(b'{"x":\n oops', StoreUnreadable, "line 2, column 2: not JSON", id="no JSON"),
    pytest.param(b"\xff\xfe{", StoreUnreadable, "byte 0: not UTF-8", id="another encoding"),
    pytest.param(b"[]", StoreUnreadable, "expected an object", id="no object"),
    pytest.param(
        b'{"credential_pool": {"openrouter": [{"access_token": ["' + SECRET.encode() + b'"]}]}}',
        StoreUnreadable,
        "credential_pool['openrouter'][0].access_token: expected a string, found a list",
        id="a malformed row",
    ),
    pytest.param(b'{"version": 7}', StoreTooNew, "version 7", id="a later version"),
    pytest.param(
        f'{{"access_token": "{SECRET}", "x": }}'.encode(), StoreUnreadable, "not JSON", id="a slip"
    ),
]


@pytest.mark.parametrize(("content", "error", "message"), REFUSED)
def test_what_cannot_be_read_is_refused_and_left(
    path: Path, content: bytes, error: type[StoreError], message: str
) -> None:
    """Unreadable is not empty: no read and no write touches the file, and no error quotes it."""
    store = opened(path)
    store.load()
    path.write_bytes(content)

    for use in (store.load, lambda: store.update(cool("a"))):
        with pytest.raises(error) as caught:
            use()

        assert message in str(caught.value)
        assert str(path) in str(caught.value)
        assert "nothing was changed" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert caught.value.__context__ is None
    assert path.read_bytes() == content
    assert left(path.parent) == ["auth.json"]


def test_a_byte_order_mark_is_passed_over(path: Path) -> None:
    """A file that an editor saved with a mark in front is read."""
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode())

    assert len(opened(path).load().entries) == 2


@pytest.mark.parametrize("made", ["a folder", "a pipe", "a device"])
def test_what_is_no_file_is_refused(tmp_path: Path, made: str) -> None:
    """A folder, a pipe or a device in the file's place is neither read nor replaced."""
    path = tmp_path / "auth.json"
    make: dict[str, Callable[[], None]] = {
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "a device": lambda: path.symlink_to("/dev/zero"),
    }
    make[made]()

    for use in (opened(path).load, lambda: opened(path).update(lambda s: s)):
        with pytest.raises(StoreUnreadable, match="is not a file"):
            use()


def test_a_path_through_a_file_is_refused(path: Path) -> None:
    """A path that cannot exist is not an empty pool, and says so."""
    store = opened(path / "auth.json")

    for use in (store.load, store.stamp, lambda: store.update(lambda s: s)):
        with pytest.raises(StoreUnreadable, match="Not a directory"):
            use()


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is an error of the store, not of the caller."""
    path = tmp_path / "auth.json"
    path.symlink_to(path)

    with pytest.raises(StoreUnreadable, match="symbolic links"):
        opened(path).load()


def test_a_failed_replacement_leaves_nothing_behind(path: Path) -> None:
    """When the new file cannot take its place, it is removed and the error says what to do."""

    def now() -> float:
        path.unlink()
        path.mkdir()
        return 0.0

    with pytest.raises(StoreUnwritable, match="nothing was changed; make"):
        JsonFileStore(path, "openrouter", now=now).update(cool("a"))

    assert left(path.parent) == ["auth.json"]
    assert path.is_dir()


FULL_DISK = """
import resource, sys
from dataclasses import replace
from credpool.model.errors import StoreUnwritable
from credpool.model.entry import Entry, EntryId
from credpool.stores import JsonFileStore

store = JsonFileStore(sys.argv[1], "openrouter")
before = store.load()
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
try:
    store.update(lambda s: replace(s, entries=(Entry(id=EntryId("new"), secret=None),)))
except StoreUnwritable as err:
    print(err)
print(store.load() == before)
"""


def run(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start another Python process that can import what this one can."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)  # noqa: S603


def test_what_a_killed_save_has_left_is_removed_by_the_next(path: Path) -> None:
    """A copy of the keys beside the file does not outlive the next change; other files do."""
    leftover, theirs = (path.with_name(f".auth.json.{n}.tmp") for n in ("0a1b2c3d", "backup"))
    leftover.write_bytes(path.read_bytes())
    theirs.write_bytes(b"")

    opened(path).update(cool("a"))

    assert left(path.parent) == [theirs.name, "auth.json"]


def test_a_write_that_breaks_off_leaves_the_old_file(path: Path) -> None:
    """When the file cannot grow, as on a full disk, the old one is intact and is still read."""
    before = path.read_bytes()

    told, _ = run(FULL_DISK, str(path)).communicate(timeout=30)

    assert "File too large; nothing was changed" in told
    assert told.endswith("True\n")
    assert path.read_bytes() == before
    assert left(path.parent) == ["auth.json"]


def test_a_link_at_the_lock_is_not_followed(path: Path, tmp_path: Path) -> None:
    """In a folder that others write, a link in the lock's place costs no file its content."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    path.with_suffix(".lock").symlink_to(precious)

    with pytest.raises(StoreUnwritable):
        opened(path).update(cool("a"))

    assert precious.read_text() == "precious"


def test_a_held_lock_is_told(path: Path) -> None:
    """When another holds the lock for too long the error says who, and nothing is written."""
    before = path.read_bytes()
    store = opened(path, lock_timeout=0.0)

    with (
        FileLock(path.with_suffix(".lock")),
        pytest.raises(StoreUnwritable, match=f"process {os.getpid()} has held .*auth.lock"),
    ):
        store.update(cool("a"))

    assert path.read_bytes() == before
    assert store.update(cool("a")).entries[0].cooldown is not None


def test_reading_needs_no_lock(path: Path) -> None:
    """A reader never waits for a writer."""
    with FileLock(path.with_suffix(".lock")):
        state = opened(path, lock_timeout=0.0).load()

    assert len(state.entries) == 2


def test_a_pool_that_could_not_be_read_again_is_not_written(path: Path) -> None:
    """An infinite number, or one id twice, is refused before the file is touched."""
    before = path.read_bytes()
    endless = Entry(id=EntryId("e"), secret=None, claim=Claim(holder="me", until=float("inf")))

    for entries in ((endless,), (replace(endless, claim=None),) * 2):
        with pytest.raises(StoreUnwritable, match="the change that made it is at fault"):
            opened(path).update(lambda s, e=entries: replace(s, entries=e))  # type: ignore[misc]

    assert path.read_bytes() == before


def test_removed_sources_are_kept(tmp_path: Path) -> None:
    """A source that was removed is known to the next opening, and other pools' lists stay."""
    path = tmp_path / "auth.json"
    path.write_text('{"suppressed_sources": {"groq": ["env:G"]}}')
    store = JsonFileStore(path, "openai")

    store.update(lambda state: replace(state, suppressed=frozenset({"env:B", "env:A"})))

    assert JsonFileStore(path, "openai").load().suppressed == {"env:A", "env:B"}
    told = json.loads(path.read_text())["suppressed_sources"]
    assert told == {"groq": ["env:G"], "openai": ["env:A", "env:B"]}
