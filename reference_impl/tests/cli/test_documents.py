"""What programs read of the command: each document has a schema, and errors are documents too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from credpool import Cooldown, Entry, FailureClass, Secret
from credpool.model.terms import FOREVER, EntryId

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
SCHEMAS = Path(__file__).parents[3] / "spec/schemas"
NOW = 1795392000.0
ONE = "sk-one-0123456789abcdef"


def entry(name: str, label: str = "", cooldown: Cooldown | None = None) -> Entry:
    """Make an entry with a key of its own."""
    secret = Secret(f"sk-{name}-0123456789abcdef")
    return Entry(id=EntryId(name), label=label or name, secret=secret, cooldown=cooldown)


def read(out: str, schema: str) -> dict[str, object]:
    """Read the one document that was written, and hold it against its schema."""
    document: dict[str, object] = json.loads(out)
    known = json.loads((SCHEMAS / f"{schema}.schema.json").read_text("utf-8"))
    Draft202012Validator(known).validate(document)
    return document


@pytest.mark.parametrize(
    ("line", "stdin", "kind", "code"),
    [
        pytest.param("remove openai x", "", "UnknownEntry", 3, id="an unknown target"),
        pytest.param("add openai", "", "UnusableSecret", 4, id="no key"),
        pytest.param("add openai", "sk-ant-api03-0123456789", "Mistyped", 4, id="another's key"),
        pytest.param("list opnai", "", "UnknownProvider", 2, id="an unknown provider"),
        pytest.param("strategy openai best", "", "UnknownStrategy", 2, id="an unknown strategy"),
        pytest.param("fetch", "", "UsageError", 2, id="an unknown verb"),
        pytest.param("rename openai", "", "MissingParameter", 2, id="a missing argument"),
        pytest.param("import", "{", "BadInput", 2, id="no export"),
    ],
)
def test_an_error_is_a_document(
    credpool: "Command", keep: Keep, line: str, stdin: str, kind: str, code: int
) -> None:
    """It stands where the answer would; a person reads the same beside it."""
    keep(entry("a"))

    ran = credpool(*line.split(), "--json", stdin=stdin)

    error = read(ran.out, "error")["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["exit_code"], ran.code) == (kind, code, code)
    assert error["message"] in ran.err.replace("\n", " ")


def test_an_error_in_the_store_is_a_document(credpool: "Command", path: Path) -> None:
    """A program learns that the file is broken, and not that there are no keys."""
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")

    ran = credpool("list", "--json")

    error = read(ran.out, "error")["error"]
    assert isinstance(error, dict)
    assert (error["kind"], ran.code) == ("StoreUnreadable", 5)


def test_what_changes_one_entry_answers_with_it(credpool: "Command", keep: Keep) -> None:
    """Its place is that in the whole pool."""
    keep(entry("a"), entry("b"))

    added = credpool("add", "openai", "--label", "new", "--json", stdin=ONE)
    replaced = credpool("replace", "openai", "b", "--json", stdin=ONE[::-1])

    for ran, label, place in ((added, "new", 3), (replaced, "b", 2)):
        read(ran.out, "listing")
        assert [(e["label"], e["place"]) for e in ran.entries] == [(label, place)]


def test_a_status_has_the_numbers_that_it_shows(credpool: "Command", keep: Keep) -> None:
    """They are those of the table, and the moment of the next return."""
    out = Cooldown(failure=FailureClass.USAGE_LIMITED, since=NOW, until=9e9)
    dead = Cooldown(failure=FailureClass.AUTH_REVOKED, since=NOW, until=FOREVER)
    keep(entry("a"), entry("b", cooldown=out), entry("c", cooldown=dead), entry("d"))
    credpool("disable", "openai", "d")

    document = read(credpool("status", "--json").out, "listing")

    (pool,) = document["pools"]  # type: ignore[misc]
    numbers = [pool[name] for name in ("available", "out", "dead", "disabled")]  # type: ignore[index]
    assert numbers == [1, 1, 1, 1]
    assert pool["next_return"] == pool["entries"][1]["until"]  # type: ignore[index]
    shown = credpool("status").out.splitlines()[-2].split()
    assert shown[2:6] == ["1", "1", "1", "1"]


def test_an_import_says_what_it_did(credpool: "Command", keep: Keep, path: Path) -> None:
    """Left out is what has no key, and what has the id of another one; the code says so."""
    keep(entry("a"), entry("b"), entry("c", label="work"))
    whole, bare = credpool("export", "--with-secrets").out, credpool("export").out
    other = str(path.with_name("other.json"))
    credpool("add", "openai", "--store", other, "--label", "work", stdin=ONE)

    first = credpool("import", "--store", other, "--json", stdin=whole)
    again = credpool("import", "--store", other, "--json", stdin=bare)
    mixed = whole.replace("sk-a-", "sk-z-")
    clash = credpool("import", "--store", other, "--json", stdin=mixed)
    empty = credpool("import", "--store", str(path.with_name("third.json")), stdin=bare)

    def results(out: str) -> list[object]:
        entries = read(out, "import")["entries"]
        assert isinstance(entries, list)
        return [row["result"] for row in entries]

    assert (first.code, results(first.out)) == (0, ["added"] * 3)
    assert (again.code, results(again.out)) == (0, ["there_already"] * 3)
    assert (clash.code, results(clash.out)) == (1, ["left_out", "there_already", "there_already"])
    assert (empty.code, "0 of 3 entries are new here; 3 missing." in empty.err) == (1, True)
    labels = [e["label"] for e in credpool("list", "--store", other, "--json").entries]
    assert sorted(map(str, labels)) == ["a", "b", "work", "work-2"]
    assert "0123456789abcdef" not in first.err + first.out + clash.err + clash.out
