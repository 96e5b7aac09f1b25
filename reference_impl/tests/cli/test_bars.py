"""What `list` shows of quotas: a bar for each window, with what is left and when it resets."""

import io
import time
from collections.abc import Callable

import pytest

from credpool import Entry, EntryId, Secret
from credpool.cli.talk.bars import bars
from credpool.model.entry import Window
from credpool.model.state import PoolState

from .conftest import Command


def entry(**windows: float) -> Entry:
    """Return an entry with this much left of each window, whole again in an hour."""
    ends = time.time() + 3599
    told = {name.replace("_", "-"): Window(left, ends) for name, left in windows.items()}
    return Entry(id=EntryId("a"), secret=Secret("sk-made-up-0123456789"), windows=told)


def test_each_window_has_a_bar(credpool: Command, keep: Callable[..., None]) -> None:
    """The one with the least left comes first; its name is short, and programs get numbers."""
    keep(entry(unified_7d=0.58, unified_5h=0.03))

    listed, told = credpool("list", "openai"), credpool("--json", "list", "openai")

    lines = [line.split()[:7] for line in listed.out.splitlines()]
    assert ["1", "a", "5h", "█░░░░░░░", "3%", "59", "min"] in lines
    assert ["7d", "████░░░░", "58%", "59", "min"] in [line[:5] for line in lines]
    assert listed.out.index("5h") < listed.out.index("7d")
    windows = told.entries[0]["windows"]
    assert isinstance(windows, dict)
    assert windows["unified-7d"]["left"] == 0.58
    assert windows["unified-7d"]["resets_at"] > time.time()


def test_nothing_is_shown_where_nothing_is_known(
    credpool: Command, keep: Callable[..., None]
) -> None:
    """There is no column for it, also when the only window has reset."""
    keep(Entry(id=EntryId("a"), secret=Secret("sk-x"), windows={"unified-5h": Window(0.1, 1.0)}))

    listed, told = credpool("list", "openai"), credpool("--json", "list", "openai")

    assert "resets in" not in listed.out
    assert told.entries[0]["windows"] == {}


@pytest.mark.parametrize(
    ("left", "line"),
    [
        pytest.param(1.0, "######## 100%", id="whole"),
        pytest.param(0.5, "####----  50%", id="half"),
        pytest.param(0.001, "#-------   0%", id="a little"),
        pytest.param(0.0, "--------   0%", id="nothing"),
    ],
)
def test_a_narrow_encoding_has_plain_bars(
    left: float, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where blocks cannot be written there are other characters, and nothing fails."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    one = Entry(id=EntryId("a"), windows={"unified-5h": Window(left, 60.0)})

    (found,) = bars(PoolState(key="p", provider="openai", entries=(one,)), one, 0.0)

    assert found == ("5h", line, "1 min")


def test_many_windows_are_summed_up() -> None:
    """Those with the least left are shown, and a stranger's name cannot act."""
    told = {f"w{n}": Window(n / 10, 60.0) for n in range(6)} | {"\x1b[31m": Window(0.0, 60.0)}
    one = Entry(id=EntryId("a"), windows=told)

    lines = [*bars(PoolState(key="p", provider="openai", entries=(one,)), one, 0.0)]

    assert lines[-1] == ("and 3 more", "", "")
    assert len(lines) == 5
    assert "\x1b" not in str(lines[0][0])
