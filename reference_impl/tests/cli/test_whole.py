"""The command on a database: everything as on the file, and all of one taken to the other."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from credpool import Entry, EntryId, Secret
from credpool.stores import JsonFileStore, SqliteStore
from credpool.testing.contract import counted

Command = Callable[..., object]

ODD = {
    "version": 1,
    "updated_at": "2026-11-22T09:00:00+00:00",
    "active_provider": "nous",
    "providers": {"nous": {"tokens": {"a": [1, 2.5, None, "é\ud83d\ude00", "\ud800"]}}},
    "credential_pool": {
        "openai": [
            {"access_token": "sk-made-up-1", "label": "no id", "future": [{"x": None}]},
            {"id": "b", "access_token": "sk-made-up-2", "last_status": "ok", "tls": {"v": True}},
            {"id": "c", "last_status": "exhausted", "last_status_at": 1, "big": 10**30, "f": 1.0},
        ],
        "gemini": [{"id": "c", "access_token": "other"}, "whatever it is", 7, None],
        "null": None,
        "shape": {"a": "sk"},
        "empty": [],
        'odd \ud800 " \\ key': [{"id": "x"}],
    },
    "suppressed_sources": {"z": ["env:Z"], "openai": ["env:A"], "none": []},
    "later": None,
}


@pytest.fixture
def database(path: Path) -> Path:
    """Name a database that is not there yet."""
    return path.with_name("pool.db")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(ODD, id="all there can be"),
        pytest.param({}, id="nothing"),
        pytest.param({"credential_pool": None, "suppressed_sources": None}, id="nulls"),
        pytest.param({"credential_pool": {"a": []}, "x": 1}, id="no version"),
        pytest.param({"version": 1, "suppressed_sources": {"a": ["s"]}}, id="no pools"),
    ],
)
def test_nothing_is_lost_on_the_way_there_and_back(
    credpool: Command, path: Path, database: Path, document: dict[str, object]
) -> None:
    """A file that was taken into a database and comes out again has every value, in its place."""
    text = json.dumps(document)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    back = path.with_name("back.json")

    taken = credpool("--store", str(database), "import", "--whole", str(path))
    out = credpool("--store", str(database), "export", "--whole", "--output", str(back))
    again = credpool("--store", str(path.with_name("new.json")), "import", "--whole", str(back))

    assert [taken.code, out.code, again.code] == [0, 0, 0]
    expected = document if "updated_at" in document else {**document, "updated_at": ANY}
    for found in (json.loads(back.read_text()), json.loads(path.with_name("new.json").read_text())):
        own = {"updated_at": ANY} if expected["updated_at"] is ANY else {}
        assert json.dumps(found | own, default=str) == json.dumps(expected, default=str)
    assert back.stat().st_mode & 0o777 == 0o600


ANY = object()


def test_what_has_changed_comes_out_changed(credpool: Command, path: Path, database: Path) -> None:
    """A row that changed in the database is changed in the export, and every other row is not."""
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(ODD))
    credpool("--store", str(database), "import", "--whole", str(path))

    SqliteStore(database, "openai").update(counted("b"))

    found = json.loads(credpool("--store", str(database), "export", "--whole").out)
    before, after = ODD["credential_pool"]["openai"], found["credential_pool"]["openai"]  # type: ignore[index]
    assert (after[0], after[2]) == (before[0], before[2])
    assert (after[1]["request_count"], after[1]["tls"]) == (1, {"v": True})
    assert found["updated_at"] != ODD["updated_at"]
    assert (
        JsonFileStore(path, "openai").load().entries[0]
        == SqliteStore(database, "openai").load().entries[0]
    )


def test_the_command_works_on_a_database(credpool: Command, database: Path) -> None:
    """What is added is listed, changed and removed there, and no file is made beside it."""
    on = ("--store", str(database))

    assert credpool(*on, "add", "openai", stdin="sk-made-up-0123456789").code == 0
    assert credpool(*on, "rename", "openai", "api-key-1", "work").code == 0
    assert [e["label"] for e in credpool(*on, "list", "--json").entries] == ["work"]
    assert credpool(*on, "status").code == 0
    assert credpool(*on, "doctor").code == 0
    assert credpool(*on, "remove", "openai", "work").code == 0
    assert credpool(*on, "list", "--json").entries == []
    assert not database.with_name("auth.json").exists()


@pytest.mark.parametrize("name", ["pool.db", "new.json"])
def test_a_store_that_has_something_takes_nothing_whole(
    credpool: Command, path: Path, name: str
) -> None:
    """What is there is never written over."""
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(ODD))
    on = ("--store", str(path.with_name(name)))
    assert credpool(*on, "import", "--whole", str(path)).code == 0
    before = credpool(*on, "export", "--whole").out

    ran = credpool(*on, "import", "--whole", str(path))

    assert ran.code == 2
    assert "already" in ran.err
    assert credpool(*on, "export", "--whole").out == before


@pytest.mark.parametrize("text", ["[]", '{"version": 2}', '{"credential_pool": []}', "{"])
def test_what_is_no_document_is_not_taken(credpool: Command, database: Path, text: str) -> None:
    """A text of another form is refused, and no database is made."""
    ran = credpool("--store", str(database), "import", "--whole", stdin=text)

    assert ran.code == 2
    assert "this is no export" in ran.err
    assert not database.exists()


def test_a_whole_store_has_no_provider(credpool: Command) -> None:
    """An export of all that there is cannot be one pool's."""
    assert credpool("export", "openai", "--whole").code == 2


def test_nothing_is_exported_whole_as_nothing(credpool: Command, database: Path) -> None:
    """A store that is not there has no pools, and is not made."""
    told = json.loads(credpool("--store", str(database), "export", "--whole").out)

    assert told["credential_pool"] == {}
    assert not database.exists()


def test_the_doctor_says_when_a_file_is_outgrown(
    credpool: Command, keep: Callable[..., None], path: Path, database: Path
) -> None:
    """A file of more than a thousand entries is told, with the way into a database."""
    entries = (Entry(id=EntryId(f"e{n}"), secret=Secret(f"sk-made-up-{n:05}")) for n in range(1001))
    keep(*entries)

    doctor = credpool("doctor").out

    assert "it has 1,001 entries, and each change of one writes all of them" in doctor
    assert f"credpool --store {database} import --whole {path}" in doctor
    assert credpool("--store", str(database), "import", "--whole", str(path)).code == 0
    assert "writes all of them" not in credpool("--store", str(database), "doctor").out
