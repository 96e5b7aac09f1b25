"""What a person does to an entry for a while: `disable` and `enable` (spec: operator)."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool import AuthType, Cooldown, Entry, EntryId, FailureClass, Operator, Pool, Secret
from credpool.errors import NotRefreshed
from credpool.login import refresh
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
SCHEMA = Path(__file__).parents[3] / "spec" / "schemas" / "listing.schema.json"


def entry(id_: str, *, login: bool = False, cooldown: Cooldown | None = None) -> Entry:
    """Return an entry with a secret of its own."""
    known = Entry(
        id=EntryId(id_),
        label=f"key {id_}",
        secret=Secret(f"sk-{id_}-0123456789abcdef"),
        cooldown=cooldown,
    )
    token = Secret(f"rt-{id_}-0123456789abcdef")
    is_login = replace(known, auth_type=AuthType.OAUTH, refresh_token=token, expires_at=1.0)
    return is_login if login else known


def out() -> Cooldown:
    """Return a cooldown that lasts for two hours from now."""
    now = time.time()
    return Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=now, until=now + 7200)


def stored(path: Path) -> Sequence[dict[str, object]]:
    """Return the rows of the store's pool of OpenAI."""
    document = json.loads(path.read_text(encoding="utf-8"))
    rows: Sequence[dict[str, object]] = document["credential_pool"]["openai"]
    return rows


def test_a_key_pauses_and_comes_back(credpool: "Command", keep: Keep, path: Path) -> None:
    """The row says so, and everything else of it is as it was."""
    keep(entry("a", cooldown=out()), entry("b"))
    before = stored(path)

    off = credpool("disable", "openai", "key a")
    paused = stored(path)
    on = credpool("enable", "openai", "1")

    assert (off.code, on.code) == (0, 0)
    assert "credpool enable openai a" in off.err
    assert "out_of_credit" in on.err, "a key that is out is still out"
    assert paused == [{**before[0], "disabled": True}, before[1]]
    assert stored(path) == before


def test_a_listing_shows_the_pause_and_what_runs_beside_it(credpool: "Command", keep: Keep) -> None:
    """Neither hides the other, for people and for programs."""
    keep(entry("a", cooldown=out()), entry("b"))
    credpool("disable", "openai", "a")

    listing, told = credpool("list").out, json.loads(credpool("list", "--json").out)

    line = next(line for line in listing.splitlines() if "key a" in line)
    assert ("disabled" in line, "out_of_credit," in line) == (True, True)
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    shown = [(e["disabled"], e["status"]) for e in told["pools"][0]["entries"]]
    assert shown == [(True, "exhausted"), (False, "ok")]


def test_a_status_counts_it_apart(credpool: "Command", keep: Keep) -> None:
    """It is neither out nor dead, and nobody waits for it; with nothing else somebody has to look."""
    keep(entry("a", cooldown=out()), entry("b"))
    credpool("disable", "openai", "a")

    first = credpool("status")
    credpool("disable", "openai", "b")
    second = credpool("status")

    line = next(line.split() for line in first.out.splitlines() if "openai" in line)
    assert line == ["openai", "fill_first", "1", "0", "0", "1", "–"]
    assert (first.code, second.code) == (0, 1)


def test_the_doctor_notes_it_and_a_login_that_may_end(credpool: "Command", keep: Keep) -> None:
    """A pause is wanted and so no fault; what it costs is said."""
    keep(entry("a"), entry("b", login=True), entry("c"))
    credpool("disable", "openai", "a")
    off = credpool("disable", "openai", "b")

    found = json.loads(credpool("doctor", "--json").out)["findings"]

    of_entries = {f["where"]: f for f in found if f["where"].startswith("openai, ")}
    key, login = (of_entries[f"openai, {id_} (key {id_})"] for id_ in "ab")
    assert (key["level"], key["what"], key["fix"]) == (
        "note",
        "disabled",
        "credpool enable openai a",
    )
    assert "is not refreshed meanwhile, and may end (its token ended" in login["what"]
    assert "may end" in off.err


def test_a_disabled_login_is_not_refreshed_on_request(credpool: "Command", keep: Keep) -> None:
    """The error says what to do first; without a target it is passed over."""
    keep(entry("a", login=True))
    credpool("disable", "openai", "a")

    named, all_ = credpool("refresh", "openai", "a"), credpool("refresh", "openai")

    assert (named.code, all_.code) == (6, 2)
    assert "is disabled; enable it first" in named.err


def test_an_export_carries_the_pause(
    credpool: "Command", keep: Keep, path: Path, tmp_path: Path
) -> None:
    """It is a person's choice, and nothing that was learnt."""
    keep(entry("a"), entry("b"))
    credpool("disable", "openai", "a")
    carried = tmp_path / "export.json"
    credpool("export", "--with-secrets", "--output", str(carried))
    path.unlink()

    credpool("import", str(carried))

    assert [row.get("disabled") for row in stored(path)] == [True, None]


def test_a_pool_of_disabled_keys_says_so() -> None:
    """It waits for nobody, and the reason is no failure."""
    pool = Pool.from_entries("openai", [entry("a"), entry("b")], clock=FakeClock(1.0))
    operator = Operator(pool)
    operator.disable("a")
    operator.disable("b")

    over = pool.exhaustion()

    assert over is not None
    assert over.returns_at is None
    assert {(o.id, o.why, o.failure) for o in over.entries} == {
        ("a", "is disabled", None),
        ("b", "is disabled", None),
    }


def test_every_row_of_a_secret_pauses(tmp_path: Path) -> None:
    """Whichever is named, and also a row that somebody writes later."""
    twin = replace(entry("b"), secret=entry("a").secret)
    pool = Pool(JsonFileStore(tmp_path / "auth.json", "openai"))
    operator = Operator(pool)
    operator.add(Secret("sk-c-0123456789abcdef"), label="c")
    store = JsonFileStore(tmp_path / "auth.json", "openai")
    store.update(lambda s: replace(s, entries=(*s.entries, entry("a"), twin)))

    operator.disable("b")
    both = [e.disabled for e in pool.state.entries]
    operator.enable("a")

    assert both == [False, True, True]
    assert not any(e.disabled for e in pool.state.entries)


def test_a_refresh_in_code_is_refused_too() -> None:
    """`credpool.login.refresh` asks no token endpoint for a disabled login."""
    off = replace(entry("a", login=True), disabled=True)

    with pytest.raises(NotRefreshed, match="is disabled; enable it first"):
        refresh(Pool.from_entries("openai", [off], clock=FakeClock(1.0)), "a")
