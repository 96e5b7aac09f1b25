"""A file that this account may read and not write: a mounted secret, a read-only file system."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from credpool import EntryId, Operator, Pool, Secret, Status, open_pool
from credpool.cli.doctor import Level, examine
from credpool.cli.home import Home
from credpool.errors import StoreUnwritable
from credpool.httpx2 import PoolAuth
from credpool.pool import engine_of
from credpool.seed import Surroundings
from credpool.stores import JsonFileStore

pytestmark = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="accounts as POSIX has them")

NOBODY = 65534
URL = "https://api.openai.com/v1/responses"
LOGIN = {
    "id": "login",
    "auth_type": "oauth",
    "access_token": "made-up-access",
    "refresh_token": "made-up-grant",
    "expires_at": "1970-01-01T00:01:00Z",
    "token_url": "https://auth.example.com/token",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that cannot be written, with two keys in an `auth.json`, as another account."""
    rows = [{"id": n, "access_token": f"sk-made-up-{n}", "priority": p} for p, n in enumerate("ab")]
    root = os.geteuid() == 0  # who may write everything
    calls(open_pool("openai", Surroundings(environ={"OPENAI_API_KEY": "sk-made-up-0"})), 200)
    "".encode("utf-8-sig")  # another account may not even reach what Python loads when first used
    with TemporaryDirectory() as name:
        path = Path(name)
        (path / "auth.json").write_text(json.dumps({"credential_pool": {"openai": rows}}))
        (path / "auth.json").chmod(0o644)
        path.chmod(0o555)
        if root:
            os.seteuid(NOBODY)
        try:
            yield path
        finally:
            if root:
                os.seteuid(0)
            path.chmod(0o755)


def calls(pool: Pool, *codes: int) -> list[int]:
    """Make calls until the provider has given all these answers; return what came of them."""
    answers, found = list(codes), []
    transport = httpx2.MockTransport(lambda _: httpx2.Response(answers.pop(0), json={}))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        while answers:
            found.append(client.post(URL, json={}).status_code)
    return found


def test_it_opens_and_works_and_says_so_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A key without money is left alone from then on, in this process, and the calls go on."""
    before = (folder / "auth.json").read_bytes()
    with caplog.at_level(logging.WARNING):
        pool = open_pool("openai", Surroundings(environ={}, folder=folder))

        found = calls(pool, 402, 200, 200)
        pool.flush()

    entries = pool.state.entries
    told = [r.getMessage() for r in caplog.records if "cannot be written" in r.getMessage()]
    assert found == [200, 200]
    assert [e.status(engine_of(pool).clock.now()) for e in entries] == [Status.EXHAUSTED, Status.OK]
    assert [e.request_count for e in entries] == [1, 2]
    assert len(told) == 1
    assert str(folder) in told[0]
    assert (folder / "auth.json").read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["auth.json"]


def test_a_store_of_its_own_works_too(folder: Path) -> None:
    """Whoever opens the file without looking around goes on as well."""
    pool = Pool(JsonFileStore(folder / "auth.json", "openai"))

    assert calls(pool, 402, 200) == [200]


def test_what_a_person_asks_for_is_refused(folder: Path) -> None:
    """What is added, renamed, removed or reset would be as before at the next start."""
    operator = Operator(Pool(JsonFileStore(folder / "auth.json", "openai")))

    for ask in (
        lambda: operator.add(Secret("sk-made-up-c")),
        lambda: operator.rename("a", "other"),
        lambda: operator.remove("a"),
        lambda: operator.reset("a"),
        operator.reset,
    ):
        with pytest.raises(StoreUnwritable, match="let this account write"):
            ask()

    assert [e.id for e in JsonFileStore(folder / "auth.json", "openai").load().entries] == [
        "a",
        "b",
    ]


def test_a_reset_is_refused_where_secrets_are_found_too(folder: Path) -> None:
    """The store that lends what was found asks the file below it."""
    operator = Operator(open_pool("openai", Surroundings(environ={}, folder=folder)))

    with pytest.raises(StoreUnwritable, match="let this account write"):
        operator.reset("a")


def test_the_command_refuses_what_would_end_with_it(folder: Path) -> None:
    """A reset by the command would be one of nothing but the command's own memory."""
    home = Home(folder / "auth.json", Surroundings(environ={}, folder=folder))

    with pytest.raises(StoreUnwritable, match="cannot be written"):
        home.operator("openai")


def test_a_login_is_not_spent(folder: Path) -> None:
    """Its grant would buy a token that is lost with the process, so the next key answers."""
    path = folder / "auth.json"
    rows = [LOGIN, {"id": "k", "access_token": "sk-made-up-k", "priority": 1}]
    _rewritten(path, rows)
    pool = Pool(JsonFileStore(path, "openai"))

    found = calls(pool, 401, 200)

    assert found == [200]
    assert pool.state.entries[0].refresh_token is None
    assert JsonFileStore(path, "openai").load().entries[0].cooldown is None


def test_a_file_that_was_changed_from_outside_is_believed(folder: Path) -> None:
    """A secret that was mounted in another's place has nothing of what its predecessor was told."""
    path = folder / "auth.json"
    pool = Pool(JsonFileStore(path, "openai"))
    calls(pool, 402, 200)

    _rewritten(path, [{"id": "a", "access_token": "sk-made-up-new"}])

    assert [e.status(engine_of(pool).clock.now()) for e in pool.state.entries] == [Status.OK]


def test_what_is_found_is_used_where_nothing_can_be_made(folder: Path) -> None:
    """A variable with a key is enough, also where the file, and its folder, cannot be made."""
    around = Surroundings(
        folder=folder / "not" / "there", environ={"OPENAI_API_KEY": "sk-made-up-0123456789"}
    )

    pool = open_pool("openai", around)

    assert calls(pool, 200) == [200]
    assert [e.source for e in pool.state.entries] == ["env:OPENAI_API_KEY"]


def test_changes_are_made_one_on_the_other(folder: Path) -> None:
    """What is learnt is there for the next change, and for whoever reads, as in a file."""
    store = JsonFileStore(folder / "auth.json", "openai")
    first = store.load().entries[0]

    for n in range(1, 4):
        store.update(
            lambda s, n=n: s.change({EntryId("a"): replace(s.entries[0], request_count=n)})  # type: ignore[misc]
        )

    assert store.load().entries[0] == replace(first, request_count=3)
    assert store.load() is store.load()
    assert store.read()[0] == store.stamp()


def test_the_doctor_says_so(folder: Path) -> None:
    """It is a fault, with the folder to be corrected."""
    home = Home(folder / "auth.json", Surroundings(environ={}, folder=folder))

    found = [f for f in examine(home, now=0.0) if f.level is Level.FAULT]

    assert len(found) == 1
    assert "cannot be written" in found[0].what
    assert str(folder) in found[0].fix


def _rewritten(path: Path, rows: list[dict[str, object]]) -> None:
    """Write the file as whoever owns it does."""
    was = os.geteuid()
    os.seteuid(os.getuid())
    path.write_text(json.dumps({"credential_pool": {"openai": rows}}))
    path.chmod(0o644)
    os.seteuid(was)
