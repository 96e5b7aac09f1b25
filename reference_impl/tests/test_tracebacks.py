"""No error shows a secret, not even with the variables of every frame, as error trackers send them."""

import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from credpool import CredpoolError, Entry, EntryId, Operator, Pool, Secret, StoreError, open_pool
from credpool.cli.home import Home
from credpool.cli.transfer import imported
from credpool.config.file import read_config, set_strategy
from credpool.errors import BadInput
from credpool.model.policy import Strategy
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.pool import engine_of
from credpool.seed import Surroundings, view_pool
from credpool.stores import JsonFileStore
from credpool.stores.auth_json.rows import decode_row

MARK = "made-up-and-not-to-be-seen"
ROW = {
    "id": "a",
    "access_token": f"{MARK}-1",
    "client_secret": f"{MARK}-2",
    "agent_key": f"{MARK}-3",
}
KEPT = json.dumps(
    {
        "version": 1,
        "providers": {"another": {"access_token": f"{MARK}-4"}},
        "credential_pool": {"openai": [ROW], "groq": [{"id": "b", "access_token": f"{MARK}-5"}]},
    }
)
CONFIG = f"custom_providers: [{{name: one, api_key: {MARK}-6}}]\ncredential_pool_strategies: []\n"


def traceback_of(error: BaseException) -> str:
    """Return the traceback with every frame's variables but the test's own, which knows the secrets."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    shown = traceback.TracebackException.from_exception(
        error.with_traceback(trace), capture_locals=True
    )
    return "".join(frame for frame in shown.format() if __file__ not in frame)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store with secrets of ours, of another pool and of another program."""
    found = tmp_path / "auth.json"
    found.write_text(KEPT, encoding="utf-8")
    return found


def never_ending(state: PoolState) -> PoolState:
    """Give an entry an expiry that cannot be written."""
    return replace(state, entries=(replace(state.entries[0], expires_at=float("inf")),))


def refusing(state: PoolState) -> PoolState:
    """Fail as a caller's own change may."""
    raise BadInput(f"not now: {len(state.entries)}")


CHANGES: dict[str, Callable[[Pool], object]] = {
    "a change that fails": lambda pool: engine_of(pool).change(refusing),
    "a change that cannot be written": lambda pool: engine_of(pool).change(never_ending),
    "a duplicate": lambda pool: Operator(pool).add(Secret(f"{MARK}-1")),
    "a secret that cannot be sent": lambda pool: Operator(pool).add(Secret(f"{MARK} two words")),
    "a placeholder": lambda pool: Operator(pool).add(Secret(f"{MARK}-...")),
    "an unknown target": lambda pool: Operator(pool).remove("nobody"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_is_refused(path: Path, change: Callable[[Pool], object]) -> None:
    """The store has all of its rows in hand when that happens."""
    pool = Pool(JsonFileStore(path, "openai"))

    with pytest.raises(CredpoolError) as caught:
        change(pool)

    assert MARK not in traceback_of(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(KEPT.replace('"id": "b"', '"id": "b",,').encode(), id="not JSON"),
        pytest.param(KEPT.replace('"id": "a"', '"id": 7').encode(), id="a field of another type"),
        pytest.param(KEPT.replace('"version": 1', '"version": 2').encode(), id="newer"),
        pytest.param(KEPT.encode() + b"\xff", id="not UTF-8"),
    ],
)
def test_a_store_that_cannot_be_read(path: Path, content: bytes) -> None:
    """What stands there is in no variable that anybody sees, at the start or in use."""
    pool = Pool(JsonFileStore(path, "openai"))
    path.write_bytes(content)

    with pytest.raises(StoreError) as first:
        Pool(JsonFileStore(path, "openai"))
    with pytest.raises(StoreError) as later:
        engine_of(pool).change(lambda state: state)

    assert MARK not in traceback_of(first.value) + traceback_of(later.value)


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    """The rows are encoded, and the folder that the link leads to is not there."""
    link = tmp_path / "auth.json"
    link.symlink_to(tmp_path / "gone" / "auth.json")
    pool = Pool(JsonFileStore(link, "openai"))
    entry = Entry(id=EntryId("a"), secret=Secret(f"{MARK}-1"))

    with pytest.raises(StoreError) as caught:
        engine_of(pool).change(lambda state: replace(state, entries=(entry,)))

    assert MARK not in traceback_of(caught.value)


@pytest.mark.parametrize("opened", [open_pool, view_pool])
@pytest.mark.parametrize("key", ["openai", "custom:one", "nobody"])
def test_a_pool_that_cannot_be_opened(
    path: Path, key: str, opened: Callable[[str, Surroundings], object]
) -> None:
    """The environment, `.env` and the configuration are all at hand."""
    path.with_name("config.yaml").write_text(CONFIG, encoding="utf-8")
    path.with_name(".env").write_text(f"GROQ_API_KEY={MARK}-7\n", encoding="utf-8")
    around = Surroundings(environ={"OPENAI_API_KEY": f"{MARK}-8"}, folder=path.parent)

    with pytest.raises(BadInput) as caught:
        opened(key, around)

    assert MARK not in traceback_of(caught.value) + repr(around)


@pytest.mark.parametrize("content", [CONFIG, f"model: {{api_key: {MARK}-6"])
def test_a_configuration_that_cannot_be_used(tmp_path: Path, content: str) -> None:
    """Neither its text nor what was read of it is shown."""
    config = tmp_path / "config.yaml"
    config.write_text(content, encoding="utf-8")

    with pytest.raises(BadInput) as caught:
        set_strategy(config, "openai", Strategy.RANDOM)
    shown = traceback_of(caught.value)
    if "credential" not in content:
        with pytest.raises(BadInput) as unread:
            read_config(config)
        shown += traceback_of(unread.value)

    assert MARK not in shown


def test_an_export_that_cannot_be_read(path: Path) -> None:
    """It may have been made with its secrets."""
    home = Home(path, Surroundings(environ={}, folder=path.parent))

    with pytest.raises(BadInput) as caught:
        list(imported(home, Veiled(KEPT.replace('"id": "a"', '"id": 7'))))

    assert MARK not in traceback_of(caught.value)


def test_what_is_carried_and_may_open_a_door_is_veiled() -> None:
    """A client's secret and another program's key are text that does not show itself."""
    entry = decode_row(ROW, key="openai", index=0)

    assert entry.extra["client_secret"] == f"{MARK}-2"
    assert MARK not in repr(entry) + repr(dict(entry.extra))
