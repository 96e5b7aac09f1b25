"""Another key in an entry's place, and what is known of the providers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from credpool import Cooldown, Entry, FailureClass, Secret
from credpool.model.terms import FOREVER, AuthType, EntryId
from credpool.stores import JsonFileStore

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
NOW = 1795392000.0
OLD, NEW = "sk-old-0123456789abcdef", "sk-new-0123456789abcdef"
DEAD = Cooldown(failure=FailureClass.AUTH_REVOKED, since=NOW, until=FOREVER)
OUT = Cooldown(failure=FailureClass.NOT_ENTITLED, since=NOW, until=9e9)
ENTRY = Entry(
    id=EntryId("a"),
    label="work",
    secret=Secret(OLD),
    priority=3,
    owner="org-1",
    request_count=7,
    disabled=True,
    serves=("gpt-*",),
    base_url="https://own.example/v1",
)
SCHEMA = Path(__file__).parents[3] / "spec/schemas/providers.schema.json"


def test_a_key_is_replaced_and_all_else_is_kept(
    credpool: "Command", keep: Keep, path: Path
) -> None:
    """Death and cooldowns were the old key's; no key is said."""
    other = Entry(id=EntryId("b"), label="home", secret=Secret("sk-b-0123456789abcdef"), priority=4)
    keep(replace(ENTRY, cooldown=DEAD, models={"o1": OUT}, marked=True, probed_at=NOW), other)

    ran = credpool("replace", "openai", "work", stdin=NEW)

    first, second = JsonFileStore(path, "openai").load().entries
    assert ran.code == 0
    assert first == replace(ENTRY, secret=Secret(NEW), extra=first.extra)
    assert second.secret == other.secret
    assert "Replaced the key of a (work)" in ran.err
    assert "0123456789abcdef" not in ran.out + ran.err


def test_a_reference_takes_a_keys_place_and_back(
    credpool: "Command", around: dict[str, str], keep: Keep, path: Path
) -> None:
    """What was kept in the file is in it no more, and is again."""
    around["MINE"] = NEW
    keep(ENTRY)

    assert credpool("replace", "openai", "a", "--from", "env:MINE").code == 0
    (entry,) = JsonFileStore(path, "openai").load().entries
    assert (entry.reference, entry.label, entry.request_count) == ("env:MINE", "work", 7)
    assert OLD not in path.read_text("utf-8")
    assert credpool("replace", "openai", "a", stdin=OLD).code == 0
    (entry,) = JsonFileStore(path, "openai").load().entries
    assert (entry.reference, entry.secret) == (None, Secret(OLD))


LOGIN = Entry(
    id=EntryId("l"),
    auth_type=AuthType.OAUTH,
    secret=Secret("made-up-token-1234"),
    refresh_token=Secret("made-up-grant-1234"),
)


@pytest.mark.parametrize(
    ("target", "typed", "code", "said"),
    [
        pytest.param("a", OLD, 4, "holds this secret already", id="the same key"),
        pytest.param("a", "sk-b-0123456789abcdef", 4, "holds this secret", id="another entry's"),
        pytest.param("a", "", 4, "is empty", id="nothing"),
        pytest.param("b", "sk-ant-api03-0123456789", 4, "a key of anthropic", id="another's"),
        pytest.param("b", f'OPENAI_API_KEY="{NEW}"', 4, "name of a variable", id="with its name"),
        pytest.param("l", NEW, 2, "another type of credential", id="a key for a login"),
        pytest.param("x", NEW, 3, "no entry 'x'", id="nobody"),
        pytest.param("env", NEW, 2, "change it there", id="what is kept elsewhere"),
    ],
)
def test_what_cannot_be_replaced_is_left(
    credpool: "Command", around: dict[str, str], keep: Keep, path: Path,
    target: str, typed: str, code: int, said: str,
) -> None:  # fmt: skip
    """The file is as it was, and no key is said."""
    other = Entry(id=EntryId("b"), label="home", secret=Secret("sk-b-0123456789abcdef"), priority=4)
    keep(ENTRY, other, LOGIN)
    around["OPENAI_API_KEY"] = "sk-env-0123456789abcdef"
    found = credpool("list", "openai", "--json").entries
    named = {"env": str(next(e["id"] for e in found if e["source"] == "env:OPENAI_API_KEY"))}
    credpool("reset", "openai")
    before = path.read_bytes()

    ran = credpool("replace", "openai", named.get(target, target), stdin=typed)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "0123456789" not in ran.err
    assert path.read_bytes() == before


def test_the_providers_are_shown(credpool: "Command", around: dict[str, str], path: Path) -> None:
    """What is in use comes first; what is found is named by its source, and no key is shown."""
    around["GROQ_API_KEY"] = "gsk_0123456789abcdef"
    path.parent.mkdir(exist_ok=True)
    listed = "custom_providers:\n- {name: My Box, base_url: http://127.0.0.1:1/v1}\n"
    path.with_name("config.yaml").write_text(listed, encoding="utf-8")

    table, told = credpool("providers"), credpool("providers", "--json")

    document = json.loads(told.out)
    by_key = {row["key"]: row for row in document["providers"]}
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    assert {"custom:my-box", "groq"} == {row["key"] for row in document["providers"][:2]}
    assert by_key["groq"]["found"] == ["env:GROQ_API_KEY"]
    assert by_key["anthropic"]["takes"] == ["api_key", "oauth"]
    assert "OPENAI_API_KEY" in table.out
    assert "gsk_" not in table.out
    assert "0123456789abcdef" not in table.out + told.out
    assert not path.exists()


def test_a_login_says_at_once_all_that_it_needs(credpool: "Command") -> None:
    """So nobody comes back for each; who takes no logins names who does."""
    lacks, keys = credpool("login", "vertex"), credpool("login", "groq")

    assert lacks.code == keys.code == 2
    assert all(o in lacks.err for o in ("--client-id", "--device-url", "--authorize-url"))
    assert "logins are taken by anthropic" in keys.err
