"""Commands that print a key (`cmd:`), at the command line: who runs them, and who does not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from credpool import Entry, EntryId, Secret
from credpool.cli.home import Home

from .conftest import Command

KEY = "sk-made-up-0123456789"
NOBODY = "http://127.0.0.1:9/v1"


def test_a_key_is_added_by_its_command(credpool: Command, path: Path) -> None:
    """The command is in the file, is run once to see whether it gives a key, and the key is nowhere."""
    (path.parent.parent / "key").write_text(KEY)

    ran = credpool("add", "openai", "--from", f"cmd:cat '{path.parent.parent / 'key'}'")

    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert KEY not in path.read_text() + ran.err + ran.out
    assert "cmd:cat" in path.read_text()


def test_a_command_that_gives_no_key_is_told_as_it_is_added(credpool: Command, path: Path) -> None:
    """The entry is there all the same: a vault may be locked."""
    ran = credpool("add", "openai", "--from", "cmd:no-such-program")

    assert ran.code == 0
    assert "cannot be started" in ran.err
    assert "passed over" in ran.err
    assert "cmd:no-such-program" in path.read_text()


def test_a_pasted_command_is_no_key(credpool: Command, path: Path) -> None:
    """What is typed where a key is asked for runs no program, now or later."""
    ran = credpool("add", "openai", stdin="cmd:printf sk-made-up-0123456789\n")

    assert ran.code != 0
    assert "--from" in ran.err
    assert not path.exists() or "cmd:" not in path.read_text()


def test_a_command_that_prints_no_key_is_told_without_it(credpool: Command, path: Path) -> None:
    """What it prints cannot be sent, and is not shown."""
    (path.parent.parent / "key").write_text("not a key")

    ran = credpool("add", "openai", "--from", f"cmd:cat {path.parent.parent / 'key'}")

    assert "has a blank in it" in ran.err
    assert "not a key" not in ran.err


@pytest.mark.parametrize(
    "verb",
    [
        ("list",),
        ("list", "openai"),
        ("--json", "list"),
        ("status",),
        ("doctor",),
        ("export",),
        ("export", "--with-secrets"),
        ("explain", "--status", "429"),
        ("completion", "bash"),
        ("disable", "openai", "vault"),
        ("enable", "openai", "vault"),
        ("models", "openai", "vault", "gpt-*"),
        ("rename", "openai", "vault", "safe"),
        ("move", "openai", "vault", "first"),
        ("priority", "openai", "vault", "3"),
        ("reset", "openai"),
        ("strategy", "openai", "random"),
        ("add", "openai"),
        ("remove", "openai", "vault"),
    ],
    ids=" ".join,
)
def test_no_verb_runs_the_command_of_an_entry(
    credpool: Command, keep: Callable[..., None], path: Path, verb: tuple[str, ...]
) -> None:
    """Looking at a pool, or changing it, needs no secret."""
    ran = path.parent / "ran"
    keep(Entry(id=EntryId("vault"), reference=f"cmd:touch {ran}", borrowed=True))

    credpool(*verb, stdin="sk-another-9876543210")

    assert not ran.exists()


def test_an_entry_of_a_command_is_shown_as_one_to_be_used(
    credpool: Command, keep: Callable[..., None]
) -> None:
    """Nobody knows what the command prints, and nothing is known to be wrong."""
    keep(Entry(id=EntryId("vault"), reference="cmd:true", borrowed=True))

    listed, status, doctor = credpool("list"), credpool("status"), credpool("doctor")

    assert "no key" not in listed.out
    assert "cmd:true" in listed.out
    assert status.code == 0
    assert "no secret" not in doctor.out


def test_a_command_of_a_file_that_others_can_read_is_told(
    credpool: Command, keep: Callable[..., None], path: Path
) -> None:
    """The list says why, and what to do."""
    keep(Entry(id=EntryId("vault"), reference="cmd:true", borrowed=True))
    path.chmod(0o644)

    ran = credpool("list")

    assert "is not run" in ran.err
    assert f"chmod 600 {path}" in ran.err
    assert "no key" in ran.out


def test_an_import_takes_no_command(credpool: Command, path: Path) -> None:
    """An export of somebody else's runs nothing here; the line to add it is told."""
    ran = path.parent.parent / "ran"
    rows = [
        {"id": "a", "access_token": f"cmd:touch {ran}"},
        {"id": "b", "access_token": KEY},
    ]
    document = {"version": 1, "credential_pool": {"openai": rows}}

    imported = credpool("import", stdin=json.dumps(document))

    assert f"credpool add openai --from 'cmd:touch {ran}'" in imported.err
    assert "cmd:" not in path.read_text()
    assert Secret(KEY).reveal() in path.read_text()
    assert not ran.exists()


def test_a_test_asks_with_what_a_command_prints(
    credpool: Command, keep: Callable[..., None], path: Path, around: dict[str, str]
) -> None:
    """It is run for that, unless its entry is disabled; one that prints nothing is told."""
    (path.parent.parent / "key").write_text(KEY)
    ran = path.parent / "ran"
    rows = {"vault": f"cat {path.parent.parent / 'key'}", "off": f"touch {ran}", "none": "true"}
    keep(
        *(
            Entry(id=EntryId(name), reference=f"cmd:{line}", borrowed=True, base_url=NOBODY)
            for name, line in rows.items()
        )
    )
    credpool("disable", "openai", "off")
    home = Home.find(None, around, path.parent.parent)

    asked = home.with_printed(home.state("openai"))
    told = credpool("test", "openai")

    assert [e.secret and e.secret.reveal() for e in asked.entries] == [KEY, None, None]
    assert not ran.exists()
    assert "prints nothing" in told.err
    words = {line.split()[1]: line for line in told.out.splitlines() if " openai" in line}
    assert "no answer" in words["vault"]
    assert "it is disabled" in words["off"]
    assert "there is no key for it" in words["none"]
    assert KEY not in told.out + told.err + path.read_text()
