"""Which key is which, and until when one is out: what a listing tells of each."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from rich.text import Text

from credpool import Cooldown, Entry, EntryId, FailureClass, Secret
from credpool.cli.talk.columns import fitting
from credpool.cli.talk.when import clock_time

if TYPE_CHECKING:
    from conftest import Command

NOON = 1795392000.0 - 1795392000.0 % 86400 + 12 * 3600
ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789uvwxyz"
Keep = Callable[..., None]


def shown(ran: Any) -> list[Any]:  # noqa: ANN401  what a document holds
    """Return the fingerprints of a listing."""
    return [entry["fingerprint"] for entry in ran.entries]


def test_a_fingerprint_tells_keys_apart_and_stays(credpool: "Command") -> None:
    """It is eight characters, in the table too, and the same the next day; no part of a key is in it."""
    for key in (ONE, TWO):
        credpool("add", "openai", stdin=key)

    first, second = shown(credpool("list", "--json"))

    assert first != second
    assert len(first) == len(second) == 8
    assert shown(credpool("list", "openai", "--json")) == [first, second]
    assert all(told in credpool("list").out for told in (first, second))
    assert not {first, second} & {key[n : n + 8] for key in (ONE, TWO) for n in range(len(key))}


def test_a_fingerprint_follows_the_secret(credpool: "Command", around: dict[str, str]) -> None:
    """Of a reference it is that of what it reads; a replaced key has another; without a secret there is none."""
    around["MINE"] = ONE
    credpool("add", "openai", "--label", "mine", "--from", "env:MINE")
    credpool("add", "anthropic", "--label", "there", "--base-url", "https://x.example", stdin=ONE)
    of_variable, of_key = (
        shown(credpool("list", "openai", "--json")),
        shown(credpool("list", "anthropic", "--json")),
    )
    credpool("replace", "anthropic", "there", stdin=TWO)
    around.pop("MINE")

    assert of_variable == of_key
    assert shown(credpool("list", "anthropic", "--json")) != of_key
    assert "fingerprint" not in credpool("list", "openai").out.splitlines()[2:3]


def test_a_fingerprint_is_this_machines_own(credpool: "Command", path: Path) -> None:
    """The same key has another one in another folder: nobody compares two people's listings."""
    other = str(path.parent.parent / "other" / "auth.json")
    credpool("add", "openai", stdin=ONE)
    credpool("add", "openai", "--store", other, stdin=ONE)

    assert shown(credpool("list", "--json")) != shown(credpool("list", "--store", other, "--json"))


def test_looking_makes_no_key_for_fingerprints(credpool: "Command", keep: Keep, path: Path) -> None:
    """A listing changes nothing: until a verb has written, there is no fingerprint."""
    keep(Entry(id=EntryId("a"), secret=Secret(ONE)))
    before = sorted(p.name for p in path.parent.iterdir())

    ran = credpool("list", "--json")

    assert shown(ran) == [None]
    assert "fingerprint" not in credpool("list").out
    assert sorted(p.name for p in path.parent.iterdir()) == before


def test_the_last_four_are_in_the_document_of_whoever_asks(credpool: "Command", keep: Keep) -> None:
    """As in the table: only on request, and nothing of a short secret."""
    short = Entry(id=EntryId("b"), secret=Secret("sk-short-1234"))
    keep(Entry(id=EntryId("a"), secret=Secret(ONE)), short, Entry(id=EntryId("c")))

    asked = credpool("list", "--json", "--show-last-four").entries
    usual = credpool("list", "--json").entries

    assert [entry["last_four"] for entry in asked] == ["cdef", None, None]
    assert not any("last_four" in entry for entry in usual)


@pytest.mark.parametrize(
    ("seconds", "zone", "told"),
    [
        pytest.param(0, UTC, "12:00 UTC", id="now"),
        pytest.param(1, UTC, "12:01 UTC", id="not before it"),
        pytest.param(3600, timezone(timedelta(hours=5, minutes=30), "IST"), "18:30 IST", id="here"),
        pytest.param(12 * 3600, UTC, "Tue 00:00 UTC", id="tomorrow"),
        pytest.param(6 * 86400, UTC, "Sun 12:00 UTC", id="within a week"),
        pytest.param(7 * 86400, UTC, "2026-11-30 12:00 UTC", id="in a week"),
        pytest.param(-86400, UTC, "2026-11-22 12:00 UTC", id="yesterday"),
        pytest.param(3600, ZoneInfo("Pacific/Auckland"), "02:00 NZDT", id="elsewhere"),
        pytest.param(1e18, UTC, "a moment that no calendar has", id="never"),
    ],
)
def test_a_moment_is_told_as_a_clock_shows_it(seconds: float, zone: Any, told: str) -> None:  # noqa: ANN401
    """With its zone, and with its day unless that is today."""
    assert clock_time(NOON + seconds, NOON, zone) == told


@pytest.mark.parametrize(
    ("zone", "name"), [("Asia/Kolkata", "IST"), ("America/Phoenix", "MST"), ("UTC", "UTC")]
)
def test_the_zone_is_that_of_whoever_asks(
    keep: Keep, around: dict[str, str], zone: str, name: str
) -> None:
    """A listing, a status and the doctor say when an entry is back, in the machine's zone."""
    out = Cooldown(failure=FailureClass.USAGE_LIMITED, since=NOON, until=9e9)
    keep(Entry(id=EntryId("a"), label="work", secret=Secret(ONE), cooldown=out))

    for verb, said in (("list", "left, until"), ("status", ", at"), ("doctor", "→ wait until")):
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "credpool", verb],
            env={**around, "TZ": zone, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert re.search(rf"{said} [\d-]+ [\d:]+ {name}\b", ran.stdout), ran.stdout


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits_and_loses_nothing(width: int) -> None:
    """Columns that have no place beside the others come below them; no word of a cell is broken."""
    names = ("#", "label", "status", "why", "id", "owner")
    row = ("1", "a-label-of-work", "exhausted", "out_of_credit, 1 h left", "c07e51b8d3f6", "org-1")
    cells = [dict(zip(names, map(Text, row), strict=True))]
    console = Console(width=width)

    with console.capture() as written:
        for table in fitting(Text("a pool"), names, cells, width):
            console.print(table)

    lines = written.get().splitlines()
    words = " ".join(lines).split()
    assert max(map(len, lines)) <= width
    assert {word for cell in row for word in cell.split()} <= {*words}
    assert {*names} <= {*words}
