"""What is listed is what is used, whatever order the rows of a file have."""

import json
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool import EntryId, Operator, Pool, PoolState, open_pool
from credpool.model.borrowed import FINGERPRINT
from credpool.pool import engine_of
from credpool.seed import Complaint, Surroundings, view_pool
from credpool.testing import FakeClock

STORES: Final = int(os.environ.get("CREDPOOL_RANDOM_STORES", "60"))
"""How many random stores are looked at; the property was held over ten thousand."""

NOW: Final = 1795392000.0
VARIABLES: Final = ("OPENAI_API_KEY", "OPENAI_API_KEY_2")


def row_of(dice: random.Random, number: int) -> dict[str, object]:
    """Make a row as this library or another program may have written it."""
    row: dict[str, object] = {
        "id": f"id-{number}",
        "label": dice.choice(["", "work", str(dice.randint(1, 4)), f"key {number}"]),
        "access_token": dice.choice(
            [f"sk-row-{number}-0123456789", "env:SOMETHING", "env:NOWHERE"]
        ),
        "source": dice.choice(["manual", "manual", "env:OPENAI_API_KEY"]),
    }
    if dice.random() < 0.9:
        row["priority"] = dice.randint(-1, 4)
    if dice.random() < 0.3:
        row |= {"last_status": "exhausted", "last_error_code": 402, "last_error_reset_at": NOW + 60}
    return row


def home_of(dice: random.Random, folder: Path) -> Surroundings:
    """Make a home with a store, variables and a removed source, as chance will have it."""
    rows = [row_of(dice, number) for number in range(dice.randint(0, 6))]
    document: dict[str, object] = {"version": 1, "credential_pool": {"openai": rows}}
    if dice.random() < 0.2:
        document["suppressed_sources"] = {"openai": ["env:OPENAI_API_KEY_2"]}
    (folder / "auth.json").write_text(json.dumps(document), encoding="utf-8")
    found = {name: f"sk-{name}-0123456789" for name in VARIABLES if dice.random() < 0.4}
    return Surroundings(environ=found | {"SOMETHING": "sk-some-0123456789"}, folder=folder)


def used_in_order(pool: Pool) -> list[EntryId]:
    """Return who is chosen if each that was chosen is taken out before the next choice."""
    used: list[EntryId] = []
    while (entry := engine_of(pool).pick(lambda: None, NOW)) is not None:
        used.append(entry.id)
        Operator(pool).remove(entry.id)
    return used


def listed(state: PoolState) -> list[EntryId]:
    """Return the available entries in the order of the listing."""
    return [e.id for e in state.entries if e.secret is not None and e.blocked(NOW) is None]


def silent(_: Complaint) -> None:
    """Listen to nothing: what cannot be used is no matter here."""


def unmarked(state: PoolState) -> PoolState:
    """Return the pool without fingerprints: only where a pool is kept is there a key for them."""
    bare = (
        replace(e, extra={n: v for n, v in e.extra.items() if n != FINGERPRINT})
        for e in state.entries
    )
    return replace(state, entries=tuple(bare))


def test_what_is_listed_is_what_is_used() -> None:
    """A view is the pool that would be opened, and its places are the pool's own, in order of use."""
    for seed in range(STORES):
        with tempfile.TemporaryDirectory() as name:
            around = home_of(random.Random(seed), Path(name))  # noqa: S311  no secret depends on it

            viewed = view_pool("openai", around, notify=silent)
            pool = open_pool("openai", around, clock=FakeClock(NOW), notify=silent)

            assert unmarked(viewed) == unmarked(pool.state), seed
            places = [entry["id"] for entry in Operator(pool).list()["pools"][0]["entries"]]  # type: ignore[index, call-overload, union-attr]
            assert places == [e.id for e in viewed.entries], seed
            assert used_in_order(pool) == listed(viewed), seed
