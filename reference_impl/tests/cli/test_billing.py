"""Whoever may be billed is told, and a dispute is told as one (spec: billing notes)."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import AuthType, Entry, EntryId, Payer, Pool, Secret
from credpool.cli.talk.billing import notes
from credpool.pool import engine_of
from credpool.stores import JsonFileStore

if TYPE_CHECKING:
    from conftest import Command

LOGIN = Entry(id=EntryId("a"), secret=Secret("sk-ant-oat01-0123456789"), auth_type=AuthType.OAUTH)
TOLD = tuple(notes("anthropic", AuthType.OAUTH))


def keep(path: Path, *entries: Entry) -> None:
    """Put entries into Anthropic's pool."""
    engine_of(Pool(JsonFileStore(path, "anthropic"))).change(
        lambda state: replace(state, entries=entries)
    )


def test_the_origins_statement_is_first_and_what_to_assume_is_last() -> None:
    """What a login costs in other programs is said at once, and how to act is said with its date."""
    assert TOLD[0].startswith(
        "2026-05: In other programs a Claude login works only on a Claude Max"
    )
    assert "not the plan's base allowance; with Claude Pro it does not work" in TOLD[0]
    assert TOLD[-1].startswith("As of 2026-11-23, assume that a Claude login")


@pytest.mark.parametrize("verb", ["list", "doctor"])
def test_a_disputed_login_is_shown_with_its_statements(
    credpool: "Command", path: Path, verb: str
) -> None:
    """They stand in their order, and no word of ours decides who pays."""
    keep(path, LOGIN)

    shown = credpool(verb).out

    places = [shown.index(statement) for statement in TOLD]
    assert places == sorted(places)
    assert "a subscription, within its limits" not in shown


def test_a_login_of_a_payer_that_is_set_is_in_no_dispute(credpool: "Command", path: Path) -> None:
    """Once a person has said who pays, the listing has that word and no statements."""
    keep(path, replace(LOGIN, payer=Payer.METERED))

    shown = credpool("list").out

    assert "billed: metered" in " ".join(shown.split())
    assert "assume" not in shown
