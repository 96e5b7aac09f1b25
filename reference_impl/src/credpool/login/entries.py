"""The entry for the tokens of a person's login: a new one, or the one of the same account (spec: logins)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from credpool.model.entry import Entry
from credpool.model.errors import LoginFailed, NoLogin, UnknownEntry
from credpool.model.messages import Grant
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId
from credpool.providers.owner import account, claims
from credpool.rules.targets import distinct

ACCOUNT = "account"
"""The field of an entry that tells whose login it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """New tokens, whose they are as far as that is known, and what is to be kept with them.

    `account` tells accounts apart; `name` is what a person would call this one.
    """

    grant: Grant
    account: str | None
    name: str | None = None
    token_url: str
    stored: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def logged_in(state: PoolState, login: Login, *, into: EntryId | None, new: Entry) -> PoolState:
    """Return the pool with the login in it: in the entry of its account, or in a new one.

    Args:
        state: the pool.
        login: what the login brought.
        into: the entry that a person wants to log in again, if any.
        new: the entry to make if the account has none.

    Raises:
        UnknownEntry: the pool has no such entry.
        LoginFailed: the entry is another account's.
    """
    entry = _entry_of(state, login) if into is None else _again(state, login, into)
    if entry is not None:  # spec: login.same-account+2
        return state.change({entry.id: _with(entry, login)})
    last = max((e.priority for e in state.entries), default=-1)
    label = distinct(new.label, state.entries)
    made = _with(replace(new, auth_type=AuthType.OAUTH, label=label, priority=last + 1), login)
    return replace(state, entries=(*state.entries, made))  # spec: login.other-account+2


def account_of(entry: Entry) -> str | None:
    """Return whose login an entry is, as far as that is known."""
    told = entry.extra.get(ACCOUNT)
    return told if isinstance(told, str) and told else account(claims(entry.secret))


def _entry_of(state: PoolState, login: Login) -> Entry | None:
    if login.account is None:
        return None
    logins = (e for e in state.entries if e.auth_type is AuthType.OAUTH)
    return next((e for e in logins if account_of(e) == login.account), None)


def _again(state: PoolState, login: Login, into: EntryId) -> Entry:
    entry = state.find(into)
    if entry is None:
        raise UnknownEntry(into, [e.id for e in state.entries])
    if None not in (login.account, account_of(entry)) and login.account != account_of(entry):
        raise LoginFailed(  # spec: login.target+2
            NoLogin.OTHER_ACCOUNT,
            f"entry {into!r} belongs to another account than the one that has logged in",
            "log in with that account, or without naming an entry to add this one",
        )
    return entry


def _with(entry: Entry, login: Login) -> Entry:
    """Return the entry with the login's tokens, as if it had never been refused."""
    extra = {**entry.extra, **login.stored}
    if login.account is not None:
        extra[ACCOUNT] = login.account
    return replace(
        entry,
        secret=login.grant.secret,
        refresh_token=login.grant.refresh_token,
        expires_at=login.grant.expires_at,
        login_ends_at=login.grant.login_ends_at,
        learnt_owner=None,  # spec: owner.follows+1
        token_url=login.token_url,
        cooldown=None,  # spec: login.revives+2
        models=MappingProxyType({}),
        marked=False,
        probed_at=None,
        claim=None,
        refresh_failed_at=None,
        extra=MappingProxyType(extra),
    )
