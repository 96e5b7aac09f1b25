"""What an operator says of models: `models` (spec: selection, operator)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool import Entry, EntryId, Operator, Pool, Secret
from credpool.errors import BadInput
from credpool.testing import FakeClock

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
SCHEMA = Path(__file__).parents[3] / "spec" / "schemas" / "listing.schema.json"


def entry(id_: str) -> Entry:
    """Return an entry with a secret of its own."""
    secret = Secret(f"sk-{id_}-0123456789abcdef")
    return Entry(id=EntryId(id_), label=f"key {id_}", secret=secret)


def test_the_models_of_an_entry_are_set_shown_and_ended(
    credpool: "Command", keep: Keep, path: Path
) -> None:
    """The row has the names, the listing shows them, and `--all` leaves nothing behind."""
    keep(entry("a"), entry("b"))
    before = path.read_text(encoding="utf-8")

    done = credpool("models", "openai", "key a", "gpt-5*", "o9", "o9")
    kept = json.loads(path.read_text(encoding="utf-8"))["credential_pool"]["openai"][0]
    shown, listing = credpool("models", "openai", "a").out, credpool("list").out
    told = json.loads(credpool("list", "--json").out)
    ended = credpool("models", "openai", "a", "--all")

    assert (done.code, ended.code) == (0, 0)
    assert (kept["serves"], shown.split()) == (["gpt-5*", "o9"], ["gpt-5*", "o9"])
    assert "gpt-5*, o9" in listing
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [e["serves"] for e in told["pools"][0]["entries"]] == [["gpt-5*", "o9"], []]
    assert credpool("models", "openai", "a").out == "*\n"
    assert (
        json.loads(path.read_text("utf-8"))["credential_pool"]
        == json.loads(before)["credential_pool"]
    )


@pytest.mark.parametrize("name", ["", "  ", "gpt-*-mini", "*gpt", "g\x1bpt"])
def test_what_is_no_name_is_refused(credpool: "Command", keep: Keep, name: str) -> None:
    """A wildcard is the end of a name, and nothing is changed by another one."""
    keep(entry("a"))

    ran = credpool("models", "openai", "a", name)

    assert ran.code != 0
    assert credpool("models", "openai", "a").out == "*\n"


def test_one_text_is_no_list() -> None:
    """Its letters would be models."""
    pool = Pool.from_entries("openai", [entry("a")], clock=FakeClock(1.0))

    with pytest.raises(BadInput, match="not one text"):
        Operator(pool).serve("a", "gpt-5")


def test_an_exhaustion_is_that_of_a_model() -> None:
    """A pool can be out for one model and not for another; nobody waits for who does not serve it."""
    pool = Pool.from_entries("openai", [entry("a")], clock=FakeClock(1.0))
    Operator(pool).serve("a", ["gpt-*"])

    over = pool.exhaustion("o9")

    assert (pool.exhaustion("gpt-5"), pool.exhaustion()) == (None, None)
    assert over is not None
    assert (over.returns_at, over.entries[0].why) == (None, "does not serve the model")


def test_an_entry_is_added_for_some_models(credpool: "Command") -> None:
    """What `models` sets later can be said at once; what is no name adds nothing."""
    added = credpool(
        *("--json", "add", "openai", "--models", "gpt-*", "--models", "o3"),
        stdin="sk-made-up-0123456789",
    )
    refused = credpool("add", "openai", "--models", "g*t", stdin="sk-made-up-9876543210")

    assert added.entries[0]["serves"] == ["gpt-*", "o3"]
    assert refused.code != 0
    assert len(credpool("--json", "list", "openai").entries) == 1
