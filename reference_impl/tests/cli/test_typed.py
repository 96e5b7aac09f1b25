"""What a person types as a key or a label: a mistake is named, the key never shown, nothing added."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import Entry, Secret
from credpool.cli.typed.keys import key_typed
from credpool.model.errors import UnusableSecret
from credpool.model.terms import AuthType, EntryId
from credpool.providers import registry
from credpool.providers.registry import Credential

if TYPE_CHECKING:
    from conftest import Command

KEY = "0123456789abcdefghij"
SK = f"sk-{KEY}"
OAT = f"sk-ant-oat01-{KEY}"
PREFIXES = [
    (name, prefix)
    for name in registry.names()
    for credential in registry.provider(name).credentials
    for prefix in credential.prefixes
    if prefix != "sk-"
]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param(f"sk-ant-api03-{KEY}", "a key of anthropic", id="another provider's"),
        pytest.param(f"OPENAI_API_KEY={SK}", "name of a variable", id="NAME="),
        pytest.param(f"my_key={SK}", "name of a variable", id="a name in small letters"),
        pytest.param(f"export OPENAI_API_KEY='{SK}'", "name of a variable", id="export"),
        pytest.param(f"$env:OPENAI_API_KEY = '{SK}'", "name of a variable", id="PowerShell"),
        pytest.param(f'"api_key": "{SK}",', "name of a variable", id="a line of JSON"),
        pytest.param(f"OPENAI_API_KEY: {SK}", "name of a variable", id="a line of YAML"),
        pytest.param("OPENAI_API_KEY", "name of a variable", id="the name alone"),
        pytest.param("$OPENAI_API_KEY", "env:NAME", id="the name with its sign"),
        pytest.param(f'{{"key": "{SK}"}}', "in JSON", id="JSON"),
        pytest.param(f'"{SK}"', "quotes", id="quotes"),
        pytest.param(f"'{SK}", "quotes", id="one quote"),
        pytest.param(f"Bearer {SK}", "“Bearer”", id="Bearer"),
        pytest.param(f"bearer {SK}", "“Bearer”", id="bearer"),
        pytest.param(f"Basic {SK}", "“Bearer”", id="Basic"),
        pytest.param(f"Authorization: Bearer {SK}", "name of a header", id="a header"),
        pytest.param(f"-H 'x-api-key: {SK}'", "name of a header", id="an argument of curl"),
        pytest.param(f"curl -H 'x-api-key: {SK}' x", "in a command", id="a command"),
        pytest.param("sk-01234567 89abcdefghij", "a blank", id="a blank"),
        pytest.param(f"{SK}\n{SK[::-1]}", "a line break", id="two lines"),
        pytest.param(f"{SK}{SK}", "more than once", id="doubled"),
        pytest.param(f"{SK}\n{SK}\n", "more than once", id="doubled on two lines"),
        pytest.param(f"{SK} {SK} {SK}", "more than once", id="three times"),
        pytest.param(f"https://api.openai.com/v1?key={SK}", "is a URL", id="a URL"),
        pytest.param("postgres://u:p@host/db", "is a URL", id="another URL"),
        pytest.param(f"~/{KEY}.txt", "file:PATH", id="a path"),
        pytest.param(f"/etc/{KEY}.txt", "file:PATH", id="a whole path"),
        pytest.param(f"{SK};", "semicolon", id="a semicolon"),
        pytest.param(f"{SK},", "comma", id="a comma"),
        pytest.param("sk-", "the beginning of a key", id="a prefix"),
    ],
)
def test_a_mistake_at_the_prompt_is_named(
    credpool: "Command", path: Path, typed: str, said: str
) -> None:
    """The code is that of a refused secret, and nothing of it is repeated or kept."""
    ran = credpool("add", "openai", stdin=typed)

    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err
    assert KEY not in ran.err
    assert not path.exists() or KEY not in path.read_text("utf-8")


@pytest.mark.parametrize(("owner", "prefix"), PREFIXES, ids=[p for _, p in PREFIXES])
def test_a_key_goes_to_the_provider_that_its_beginning_names(owner: str, prefix: str) -> None:
    """Every other provider with an address of its own refuses it: it would be sent there."""
    key = f"{prefix}{KEY}"
    theirs = {name for name, p in PREFIXES if key.startswith(p)}
    others = {n for n in registry.names() if registry.provider(n).base_url} - theirs

    for other in others:
        with pytest.raises(UnusableSecret, match="begins like a key of") as refused:
            key_typed(key, registry.provider(other), elsewhere=False)
        assert KEY not in str(refused.value)

    assert key_typed(key, registry.provider(owner), elsewhere=False) == Secret(key)
    assert key_typed(key, registry.provider(next(iter(others))), elsewhere=True) == Secret(key)


def test_two_keys_in_one_are_refused() -> None:
    """One behind the other, they are no key."""
    with pytest.raises(UnusableSecret, match="holds two keys"):
        key_typed(f"gsk_{KEY}gsk_{KEY[::-1]}", registry.provider("groq"), elsewhere=False)


@pytest.mark.parametrize("key", [SK, "abcdef0123456789==", f"id.{KEY}", f"AK:{KEY}", f"a/{KEY}+"])
def test_what_may_be_a_key_is_taken(key: str) -> None:
    """Padding, points, colons and slashes are parts of keys."""
    assert key_typed(f" {key}\n", registry.provider("openai"), elsewhere=False) == Secret(key)


def test_a_key_that_begins_otherwise_is_added_and_told(credpool: "Command") -> None:
    """Nobody promises a beginning, so it is no reason to refuse."""
    told = credpool("add", "openai", stdin=f"key-{KEY}")
    silent = credpool("add", "openai", stdin=SK)

    assert told.code == silent.code == 0
    assert "It does not begin with sk-" in told.err
    assert "begin" not in silent.err


def test_a_gateway_takes_another_providers_key(credpool: "Command") -> None:
    """Where it is valid is said, so nobody else gets it."""
    ran = credpool("add", "openai", "--base-url", "https://g.example/v1", stdin=f"gsk_{KEY}")

    assert ran.code == 0


def test_a_logins_token_is_added_as_one(credpool: "Command") -> None:
    """It travels in another header than a key, and others pay for it."""
    credpool("add", "anthropic", stdin=OAT)

    (entry,) = credpool("list", "anthropic", "--json").entries

    assert entry["auth_type"] == "oauth"


LABELS = [
    pytest.param("7", "is a number", id="a number"),
    pytest.param("-1.5", "is a number", id="a negative number"),
    pytest.param("WORK ", "is the name of", id="another's, in other letters"),
    pytest.param("a1b2c3", "is the name of", id="another's id"),
]


@pytest.mark.parametrize(("label", "said"), LABELS)
@pytest.mark.parametrize("verb", ["add", "rename"])
def test_a_label_names_one_entry(
    credpool: "Command", keep: Callable[..., None], path: Path, verb: str, label: str, said: str
) -> None:
    """It is no place, and no other entry answers to it."""
    keep(entry("a1b2c3", "work"), entry("d4e5f6", "home"))
    before = path.read_bytes()

    ran = (
        credpool("add", "openai", f"--label={label}", stdin=SK)
        if verb == "add"
        else credpool("rename", "openai", "home", "--", label)
    )

    assert ran.code == 2
    assert said in ran.err
    assert path.read_bytes() == before


def test_a_label_is_not_empty_and_may_be_the_entrys_own(
    credpool: "Command", keep: Callable[..., None]
) -> None:
    """A name in other letters is a new name of the same entry."""
    keep(entry("a1b2c3", "work"))

    assert credpool("rename", "openai", "work", " ").code == 2
    assert credpool("rename", "openai", "work", "Work").code == 0


def test_what_is_found_gets_a_label_of_its_own(
    credpool: "Command", around: dict[str, str], keep: Callable[..., None]
) -> None:
    """A person has called another entry by the variable's name."""
    keep(entry("a1b2c3", "OPENAI_API_KEY"))
    around["OPENAI_API_KEY"] = SK

    labels = [e["label"] for e in credpool("list", "openai", "--json").entries]

    assert labels == ["OPENAI_API_KEY", "OPENAI_API_KEY-2"]


def test_every_type_of_credential_has_a_beginning_of_its_own() -> None:
    """Where a login's token begins like a key, `add` could not tell them apart."""
    known: dict[tuple[str, str], list[Credential]] = {}
    for name in registry.names():
        for credential in registry.provider(name).credentials:
            for prefix in credential.prefixes:
                known.setdefault((name, prefix), []).append(credential)

    assert {key: len(found) for key, found in known.items() if len(found) > 1} == {}


def entry(name: str, label: str) -> Entry:
    """Make an entry with a key of its own."""
    secret = Secret(f"sk-{name}-{KEY}")
    return Entry(id=EntryId(name), label=label, secret=secret, auth_type=AuthType.API_KEY)


def test_the_secret_of_a_refused_key_is_in_no_document(credpool: "Command") -> None:
    """Neither is it said to programs."""
    ran = credpool("add", "openai", "--json", stdin=f"sk-ant-api03-{KEY}")

    assert KEY not in json.dumps([ran.out, ran.err])
