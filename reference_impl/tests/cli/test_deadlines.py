"""A login's last day: shown by `list`, and warned of by `doctor` in the week before."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import Entry, EntryId
from credpool.cli.talk import deadline

if TYPE_CHECKING:
    from conftest import Command

HOUR = 3600.0
DAY = 24 * HOUR


def login(ends: float | None, *, borrowed: bool = False) -> Entry:
    """Return a login that ends then."""
    source = "claude_code" if borrowed else "manual"
    return Entry(id=EntryId("a"), login_ends_at=ends, source=source, borrowed=borrowed)


@pytest.mark.parametrize(
    ("left", "shown", "warning"),
    [
        (None, "", None),
        (30 * DAY, "30 d", None),
        (7 * DAY + 1, "7 d", None),
        (6.5 * DAY, "6 d 12 h", "ends within 7 days, in 6 d 12 h"),
        (1.5 * DAY, "1 d 12 h", "ends within 2 days, in 1 d 12 h"),
        (20 * HOUR, "20 h", "ends within a day, in 20 h"),
        (60.0, "1 min", "ends within a day, in 1 min"),
        (0.0, "over", "has ended"),
        (-DAY, "over", "has ended"),
    ],
    ids=["unknown", "month", "week", "6 days", "2 days", "hours", "minute", "now", "yesterday"],
)
def test_a_last_day_is_said_as_it_comes_nearer(
    left: float | None, shown: str, warning: str | None
) -> None:
    """Nothing is said before the last week, and then how much of it is left."""
    entry = login(None if left is None else 1000.0 + left)

    told = deadline.warning(entry, 1000.0)

    assert deadline.shown(entry, 1000.0).startswith(shown)
    assert (told is None) is (warning is None)
    assert (warning or "") in (told or "")


@pytest.mark.parametrize(
    ("borrowed", "step"),
    [(True, "with the tool that keeps it, claude_code"), (False, "credpool login")],
)
def test_the_next_step_is_whose_login_it_is(step: str, *, borrowed: bool) -> None:
    """A borrowed login is renewed where it is kept, and the pool's own by the command."""
    assert step in deadline.step("anthropic", login(5.0, borrowed=borrowed))


def test_the_last_day_of_claudes_login_is_told(credpool: "Command", path: Path) -> None:
    """With less than a day left the listing shows it, and the doctor says what to do."""
    home, ends = path.parent.parent, (time.time() + 20 * HOUR) * 1000
    file = home / ".claude" / ".credentials.json"
    file.parent.mkdir(parents=True)
    oauth = {"accessToken": "sk-ant-oat01-made-up-0123456789", "refreshTokenExpiresAt": ends}
    file.write_text(json.dumps({"claudeAiOauth": oauth}), encoding="utf-8")

    table, listed = credpool("list", "anthropic"), credpool("list", "anthropic", "--json")
    found = json.loads(credpool("doctor", "--json").out)["findings"]

    assert "login ends" in table.out
    assert listed.entries[0]["login_ends_at"] == ends / 1000
    (finding,) = (f for f in found if "its login ends within a day" in f["what"])
    assert finding["level"] == "warning"
    assert finding["where"].endswith("(Claude Code)")
    assert "claude_code" in finding["fix"]
