"""Whose entry a login is, and what becomes of it."""

import base64
import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from credpool.login.entries import Login, logged_in
from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.errors import LoginFailed, NoLogin, UnknownEntry
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass

A = EntryId("a")
NEW = Entry(id=EntryId("new"), label="login")
GRANT = Grant(secret=Secret("made-up-new"), refresh_token=Secret("made-up-next"), expires_at=9.0)


def login(account: str | None) -> Login:
    """Return what a login of that account brought."""
    stored = MappingProxyType({"client_id": "mine"})
    return Login(
        grant=GRANT, account=account, token_url="https://auth.example/token", stored=stored
    )


def entry(name: str, account: str | None = None, *, holds: str = "made-up") -> Entry:
    """Return a login that is there already."""
    extra = {"seats": 3} | ({"account": account} if account else {})
    return Entry(
        id=EntryId(name), secret=Secret(holds), auth_type=AuthType.OAUTH, priority=4, extra=extra
    )


def after(*entries: Entry, account: str | None, into: str | None = None) -> tuple[Entry, ...]:
    """Return the entries when that account has logged in."""
    state = PoolState(key="p", provider="openai", entries=entries)
    target = None if into is None else EntryId(into)
    return logged_in(state, login(account), into=target, new=NEW).entries


def jwt(account: str) -> str:
    """Return a token that tells whose it is."""
    told = base64.urlsafe_b64encode(json.dumps({"sub": account}).encode()).decode().rstrip("=")
    return f"e30.{told}.unsigned"


def test_the_first_login_makes_an_entry() -> None:
    """An empty pool has one entry afterwards."""
    (made,) = after(account="alice")

    assert (made.id, made.secret, made.priority) == (EntryId("new"), Secret("made-up-new"), 0)
    assert made.extra == {"client_id": "mine", "account": "alice"}
    assert made.auth_type is AuthType.OAUTH


def test_a_new_account_comes_last() -> None:
    """A login is used after the entries that were there."""
    stored, made = after(entry("a", "alice"), account="bob")

    assert stored == entry("a", "alice")
    assert made.priority == 5


@pytest.mark.parametrize(
    "there",
    [entry("a", "alice"), entry("a", holds=jwt("alice"))],
    ids=["as it was written down", "as its token says"],
)
def test_a_known_account_keeps_its_entry(there: Entry) -> None:
    """The tokens change, and what people know the entry by does not."""
    (found,) = after(there, account="alice")

    assert (found.id, found.priority, found.extra["seats"]) == (A, 4, 3)
    assert (found.secret, found.refresh_token) == (GRANT.secret, GRANT.refresh_token)


def test_an_unknown_account_makes_an_entry() -> None:
    """Nobody is overwritten by somebody who is not known."""
    assert [e.id for e in after(entry("a"), entry("b", "bob"), account=None)] == ["a", "b", "new"]


def test_an_api_key_is_nobodys_login() -> None:
    """Only logins have accounts."""
    key = replace(entry("a", "alice"), auth_type=AuthType.API_KEY)

    assert len(after(key, account="alice")) == 2


@pytest.mark.parametrize("account", [None, "alice"])
def test_a_named_entry_is_logged_in_again(account: str | None) -> None:
    """Whoever names an entry means it, unless it is another account's."""
    (found,) = after(entry("a"), account=account, into="a")

    assert found.secret == GRANT.secret


def test_a_named_entry_is_not_given_to_another_account() -> None:
    """A different account is refused, and told what to do."""
    with pytest.raises(LoginFailed, match="log in with that account") as failed:
        after(entry("a", "alice"), account="bob", into="a")

    assert failed.value.why is NoLogin.OTHER_ACCOUNT


def test_a_named_entry_must_be_there() -> None:
    """A name that the pool does not have is an error."""
    with pytest.raises(UnknownEntry):
        after(entry("a"), account="alice", into="b")


def test_a_login_ends_whatever_the_entry_was_out_for() -> None:
    """Cooldowns, claims and flags are those of tokens that are gone."""
    dead = Cooldown(failure=FailureClass.AUTH_REVOKED, since=1.0, until=FOREVER)
    was = replace(
        entry("a", "alice"),
        cooldown=dead,
        models={"gpt-5": dead},
        marked=True,
        probed_at=1.0,
        claim=Claim(holder="me", until=9.0),
        refresh_failed_at=2.0,
    )

    (found,) = after(was, account="alice")

    assert (found.cooldown, found.models, found.marked) == (None, {}, False)
    assert (found.probed_at, found.claim, found.refresh_failed_at) == (None, None, None)
