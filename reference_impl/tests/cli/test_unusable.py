"""What the command says of entries that cannot be used, and of pools that cannot be read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Command

GOOD = "sk-good-0123456789abcdef"


def stored(path: Path, **pools: object) -> None:
    """Write the store."""
    path.parent.mkdir(exist_ok=True)
    document = {"version": 1, "credential_pool": pools}
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param({"access_token": f"Bearer {GOOD}"}, "“Bearer” before it", id="a secret"),
        pytest.param({"access_token": GOOD, "base_url": "h/v1"}, "a base_url that", id="a URL"),
        pytest.param({"access_token": "file:bad.txt"}, "a line break", id="a reference"),
    ],
)
def test_an_entry_that_cannot_be_used_is_shown_as_such(
    credpool: "Command", path: Path, row: dict[str, object], why: str
) -> None:
    """The listing and the doctor say why, the doctor what to do, and neither shows the key."""
    good = {"id": "good", "access_token": "sk-other-0123456789"}
    stored(path, openai=[{"id": "bad", **row}, good])
    path.with_name("bad.txt").write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")

    table, listed = credpool("list", "openai"), credpool("list", "openai", "--json")
    found = json.loads(credpool("doctor", "--json").out)["findings"]

    assert "unusable" in table.out
    assert why in table.out
    assert why in str(listed.entries[0]["why"])
    assert "why" not in listed.entries[1]
    (finding,) = (f for f in found if f["where"] == "openai, bad")
    assert why in finding["what"]
    assert "wait" not in finding["fix"]
    assert GOOD not in table.out + table.err + listed.out + json.dumps(found)


@pytest.mark.parametrize(
    "reference",
    ["file:~nobody-of-that-name/key", "file:a\0b", "file:a\ud800b", "file:" + "x" * 5000, "env:\0"],
    ids=["nobody's home", "NUL", "half a character", "too long", "a variable"],
)
def test_one_broken_reference_is_one_line(credpool: "Command", path: Path, reference: str) -> None:
    """It leads nowhere, which is said; every pool is listed."""
    stored(
        path,
        openai=[{"id": "bad", "access_token": reference}, {"id": "good", "access_token": GOOD}],
        groq=[{"id": "other", "access_token": "gsk_0123456789"}],
    )

    ran = credpool("list")

    assert ran.code == 0
    assert {"bad", "good", "other"} <= {*ran.out.split()}
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("verb", ["list", "status"])
def test_one_broken_pool_is_one_line(credpool: "Command", path: Path, verb: str) -> None:
    """The others are shown, the place of the fault is named, and the code is the store's."""
    stored(path, openai=[{"id": 7}], groq=[{"id": "other", "access_token": "gsk_0123456789"}])

    ran = credpool(verb)

    assert ran.code == 5
    assert "groq" in ran.out
    assert "credential_pool['openai'][0].id: expected a string" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_import_says_what_cannot_be_used(credpool: "Command", path: Path) -> None:
    """The row is kept as it is, and what is wrong with it is said."""
    row = {"id": "bad", "access_token": f'"{GOOD}"', "label": "one"}
    text = json.dumps({"version": 1, "credential_pool": {"openai": [row]}})

    ran = credpool("import", stdin=text)

    assert ran.code == 0
    assert "openai, bad (one): has a secret that has quotes around it" in ran.err
    assert GOOD not in ran.err
    assert "bad" in path.read_text(encoding="utf-8")


def test_a_label_with_half_a_character_ends_no_listing(credpool: "Command", path: Path) -> None:
    """It is shown as what it is, in the table and to programs."""
    row = {"id": "a", "label": "one\ud800", "access_token": GOOD}
    stored(path, openai=[row, {"id": "b", "access_token": "sk-other-0123456789"}])

    table, listed = credpool("list"), credpool("list", "openai", "--json")

    assert "one\\ud800" in table.out
    assert listed.entries[0]["label"] == "one\ud800"
