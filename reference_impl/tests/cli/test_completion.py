"""What the shell is told of the entries of a pool."""

from collections.abc import Callable
from pathlib import Path

import pytest

from credpool import Entry, EntryId, Secret

Ask = Callable[..., list[str]]


def entries() -> list[Entry]:
    """Return entries that are named in different ways."""
    labels = {"a1": "home", "b2": "work", "c3": "two words", "d4": "same", "e5": "Same", "f6": "-x"}
    return [
        Entry(id=EntryId(name), label=label, secret=Secret(f"sk-made-up-{name}"))
        for name, label in labels.items()
    ]


@pytest.mark.parametrize(
    "verb",
    ["disable", "enable", "models", "move", "remove", "rename", "priority", "reset", "refresh"],
)
def test_targets_are_completed(ask: Ask, keep: Callable[..., None], verb: str) -> None:
    """A label where it names one entry and is one word, and an id where it does not."""
    keep(*entries())

    assert ask(f"credpool {verb} openai ") == ["home", "work", "c3", "d4", "e5", "f6"]
    assert ask(f"credpool {verb} openai w") == ["work"]


def test_the_one_before_is_completed_too(ask: Ask, keep: Callable[..., None]) -> None:
    """As an option's value."""
    keep(*entries())

    assert ask("credpool move openai work --before h") == ["home"]


def test_nothing_is_told_where_nothing_can_be_read(
    ask: Ask, keep: Callable[..., None], path: Path
) -> None:
    """A file that is broken, a pool that is not there: no word, and no error."""
    keep(*entries())
    path.write_text("{")

    assert ask("credpool remove openai ") == []
    assert ask("credpool remove no-such-provider ") == []


def test_completion_runs_no_command(ask: Ask, keep: Callable[..., None], path: Path) -> None:
    """Not even to see whether it gives a key."""
    ran = path.parent / "ran"
    keep(Entry(id=EntryId("vault"), label="vault", reference=f"cmd:touch {ran}", borrowed=True))

    assert ask("credpool remove openai ") == ["vault"]
    assert not ran.exists()
