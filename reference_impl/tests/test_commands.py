"""References that name a program (`cmd:`): what is run, when, and what is told."""

import json
import logging
import os
import stat
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest

from credpool import Operator, Pool, Secret, open_pool
from credpool._process.programs import NoLine, first_line
from credpool.config.files import why_not_private
from credpool.errors import BadInput, UnusableSecret
from credpool.httpx2 import PoolAuth
from credpool.seed import Complaint, Surroundings, view_pool
from credpool.testing import FakeClock, FakeProvider, FakeReply

KEY = "sk-made-up-0123456789"
OTHER = "sk-made-up-9876543210"
USUAL = {"folder": None, "variables": {}, "seconds": 60.0}


def kept(folder: Path, *commands: str, mode: int = 0o600) -> Path:
    """Write a pool whose rows name these commands."""
    rows = [{"id": f"r{n}", "access_token": f"cmd:{c}"} for n, c in enumerate(commands)]
    path = folder / "auth.json"
    path.write_text(json.dumps({"version": 1, "credential_pool": {"openai": rows}}))
    path.chmod(mode)
    return path


def opened(folder: Path, **given: object) -> tuple[Pool, list[Complaint]]:
    """Open the pool of a folder, and return with it what was told."""
    told: list[Complaint] = []
    around = Surroundings(environ={}, folder=folder, **given)  # type: ignore[arg-type]
    return open_pool("openai", around, notify=told.append), told


def secrets(pool: Pool) -> list[str | None]:
    """Return the secrets of a pool's entries, in order."""
    return [e.secret and e.secret.reveal() for e in pool.state.entries]


def test_a_command_prints_the_secret(tmp_path: Path) -> None:
    """The first line counts, without blanks; the program is in the folder, and in the environment."""
    (tmp_path / "key").write_text(f"\t{KEY} \r\nsecond line\n")
    kept(tmp_path, "cat key", "printenv MINE")
    around = Surroundings(environ={"MINE": OTHER}, folder=tmp_path)

    pool = open_pool("openai", around)

    assert secrets(pool) == [KEY, OTHER]
    assert "cmd:cat key" in (tmp_path / "auth.json").read_text()


def test_a_command_is_run_once_for_all_rows_and_calls(tmp_path: Path) -> None:
    """A healthy call runs nothing, and neither does looking at the pool."""
    (tmp_path / "key.sh").write_text(f"echo run >> runs\necho {KEY}\n")
    kept(tmp_path, "sh key.sh", "sh key.sh")
    with FakeProvider({KEY: [FakeReply.json({})] * 3}) as server:
        pool, _ = opened(tmp_path, base_url=server.url)

        with httpx2.Client(auth=PoolAuth(pool)) as client:
            statuses = [client.get(f"{server.url}/models").status_code for _ in range(3)]
        secrets(pool)

    assert statuses == [200, 200, 200]
    assert (tmp_path / "runs").read_text() == "run\n"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        pytest.param("no-such-program", "cannot be started (No such file", id="not there"),
        pytest.param("sh -c 'cat key; cat key >&2; exit 3'", "with status 3", id="it fails"),
        pytest.param("sh -c 'cat key; kill -9 $$'", "by signal 9", id="killed"),
        pytest.param("true", "prints nothing", id="silent"),
        pytest.param("sh -c 'echo; cat key'", "prints nothing", id="a later line"),
        pytest.param("cat 'key", "has a quotation without an end", id="open quotes"),
        pytest.param(" ", "names no program", id="no program"),
        pytest.param("printf a\x00b", "cannot be started", id="NUL"),
        pytest.param("printf <key>", "holds a placeholder", id="a placeholder"),
        pytest.param("printf 'two words'", "a blank in it", id="it cannot be sent"),
        pytest.param("printf '\\377'", "a letter in it", id="no text"),
    ],
)
def test_what_gives_no_secret_is_told(
    tmp_path: Path, command: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is told with a next step, and nothing that the program has printed."""
    (tmp_path / "key").write_text(KEY)
    kept(tmp_path, command)
    caplog.set_level(logging.DEBUG)

    pool, told = opened(tmp_path)

    (complaint,) = told
    assert what in complaint.what
    assert complaint.fix
    said = f"{complaint} {caplog.text} {pool.state}"
    assert KEY not in said
    assert "two words" not in complaint.what


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644])
def test_a_file_that_others_reach_runs_nothing(tmp_path: Path, mode: int) -> None:
    """Its rows are told with the reason and the next step, and without a pool of its own too."""
    path = kept(tmp_path, "touch ran", mode=mode)

    pool, told = opened(tmp_path)
    viewed: list[Complaint] = []
    view_pool("openai", Surroundings(environ={}, folder=tmp_path), notify=viewed.append)

    assert secrets(pool) == [None]
    assert f"chmod 600 {path}" in told[0].fix
    assert viewed == told
    assert not (tmp_path / "ran").exists()


def test_a_file_of_another_account_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when its mode is strict; and nothing runs where no file has an owner."""
    path = kept(tmp_path, "touch ran")
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    _, told = opened(tmp_path)
    monkeypatch.delattr("os.geteuid")

    assert "belongs to another account" in told[0].what
    assert why_not_private(path) == why_not_private(None)
    assert "does not say" in str(why_not_private(None))
    assert not (tmp_path / "ran").exists()


def test_what_others_could_write_is_disabled_when_the_file_becomes_ours(tmp_path: Path) -> None:
    """The pool's own write makes the file strict; a person has to enable what was refused."""
    path = kept(tmp_path, "touch ran", mode=0o666)
    pool, _ = opened(tmp_path)

    added = Operator(pool).add(Secret(f"cmd:printf {KEY}"), commands=True)
    again, _ = opened(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [e.disabled for e in again.state.entries] == [True, False]
    assert (again.state.find(added.id) or added).secret == Secret(KEY)
    assert not (tmp_path / "ran").exists()


def test_a_pool_in_memory_runs_what_its_program_adds() -> None:
    """No file has the row: whoever wrote the program wrote the command."""
    pool = open_pool("openai", Surroundings(environ={}))

    Operator(pool).add(Secret(f"cmd:printf {KEY}"), commands=True)

    assert secrets(pool) == [KEY]


def test_a_key_of_a_program_is_no_command(tmp_path: Path) -> None:
    """What a program is given for a key runs nothing, whoever gives it: only an operator adds a command."""
    around = Surroundings(environ={"OPENAI_API_KEY": f"cmd:touch {tmp_path}/ran"}, folder=tmp_path)

    open_pool("openai", around)
    with pytest.raises(BadInput, match="cannot be a command"):
        Pool.open("openai", keys=[f" cmd:touch {tmp_path}/ran"], path=tmp_path / "auth.json")
    with pytest.raises(UnusableSecret):
        Pool.from_keys("openai", [f"cmd:touch {tmp_path}/ran"])

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("typed", ["cmd:touch {}", "  cmd:touch {}\n"])
def test_what_a_program_passes_on_is_no_command_unasked(tmp_path: Path, typed: str) -> None:
    """Whoever passes on what somebody has typed runs nothing by that, and the pool is as it was."""
    operator = Operator(open_pool("openai", Surroundings(environ={}, folder=tmp_path)))
    secret = Secret(typed.format(tmp_path / "ran"))
    there = operator.add(Secret(KEY))

    for verb in (operator.add, partial(operator.replace, there.id)):
        with pytest.raises(BadInput, match="commands=True"):
            verb(secret)

    assert secrets(operator.pool) == [KEY]
    assert not (tmp_path / "ran").exists()


def test_commands_are_run_at_once(tmp_path: Path) -> None:
    """A pool of many opens in the time of one: each of these two ends when the other has begun."""
    for name in ("to", "fro"):
        os.mkfifo(tmp_path / name)
    kept(
        tmp_path,
        f"sh -c 'echo > to; cat fro >&2; echo {KEY}'",
        f"sh -c 'cat to >&2; echo > fro; echo {OTHER}'",
    )

    pool, told = opened(tmp_path)

    assert (secrets(pool), told) == ([KEY, OTHER], [])


def test_commands_can_be_forbidden(tmp_path: Path) -> None:
    """Then the entry has no secret."""
    kept(tmp_path, "touch ran")

    pool, told = opened(tmp_path, commands=False)

    assert (secrets(pool), told) == ([None], [])
    assert not (tmp_path / "ran").exists()


def test_looking_runs_nothing_and_takes_the_entry_for_usable(tmp_path: Path) -> None:
    """What a view shows of a command is what a call would find, except for its secret."""
    kept(tmp_path, "touch ran")

    state = view_pool("openai", Surroundings(environ={}, folder=tmp_path))

    assert state.entries[0].unread
    assert not (tmp_path / "ran").exists()


def test_a_program_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    """At the limit nobody of its process group is left, and it has not waited for an input."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    program = ["sh", "-c", f"exec 3>{pipe}; cat; echo {KEY}; sleep 600 & sleep 600"]

    found = first_line(program, folder=None, variables=dict(os.environ), seconds=0.3)

    assert found == NoLine("has not ended within 0.3 s")
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "somebody could still write"
    os.close(reader)


def test_an_endless_output_is_ended() -> None:
    """Nothing of it is kept but a beginning."""
    found = first_line(["yes", KEY], folder=None, variables={}, seconds=0.3)

    assert isinstance(found, NoLine)


def test_a_long_output_does_not_stop_a_program() -> None:
    """All of it is read, and its first line is used."""
    assert first_line(["seq", "200000"], **USUAL) == "1"  # type: ignore[arg-type]


def test_a_helper_that_goes_on_is_not_waited_for(tmp_path: Path) -> None:
    """A program that leaves an agent behind has ended when it has ended itself."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = ["sh", "-c", f"echo {KEY}; cat {pipe} &"]

    found = first_line(program, **USUAL)  # type: ignore[arg-type]

    assert found == KEY
    pipe.open("w").close()  # which ends it


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_the_loop_turns_while_a_command_runs(tmp_path: Path, loop: str) -> None:
    """A secret that is refused is asked for again, and other tasks go on."""
    place = tmp_path / "key"
    place.write_text(KEY)
    kept(tmp_path, "cat key")

    async def feed() -> None:
        while True:
            try:
                pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # the command has not begun
                await anyio.lowlevel.checkpoint()
            else:
                os.write(pipe, OTHER.encode())
                os.close(pipe)
                return

    with FakeProvider({KEY: [FakeReply.error(401)], OTHER: [FakeReply.json({})]}) as server:
        around = Surroundings(environ={}, folder=tmp_path, base_url=server.url)
        pool = open_pool("openai", around, clock=FakeClock())
        place.unlink()
        os.mkfifo(place)

        async def call() -> None:
            async with (
                httpx2.AsyncClient(auth=PoolAuth(pool)) as client,
                anyio.create_task_group() as group,
            ):
                group.start_soon(feed)
                assert (await client.get(f"{server.url}/models")).status_code == 200

        anyio.run(call, backend=loop)

    assert secrets(pool) == [OTHER]
