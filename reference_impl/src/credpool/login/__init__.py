"""Let a person log in, and keep what that brings (spec: logins).

    app = LoginApp.at("xai", client_id="your own", device_url="https://…")
    entry = login_by_device(pool, app, lambda prompt: print(prompt.url, prompt.code))

`login_by_browser` opens a port of this machine for the browser's way back, and `refresh` gets new
tokens for a login that is there.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from credpool._calls.call import ActiveCall, keep
from credpool._calls.refresh import Renewal
from credpool._calls.token_client import ask, ask_async
from credpool.login.app import LoginApp, read_login
from credpool.login.callback import PATIENCE, Callback
from credpool.login.device import (
    Prompt,
    Waiting,
    after_poll,
    device_request,
    poll_request,
    read_device,
)
from credpool.login.entries import Login, logged_in
from credpool.login.pkce import authorize, exchange_request, is_ours, read_callback
from credpool.model.credential import label_flaw
from credpool.model.entry import Entry
from credpool.model.errors import LoginFailed, NoLogin, NotRefreshed
from credpool.model.messages import Refreshed
from credpool.model.secret import Secret
from credpool.model.terms import AuthType, EntryId
from credpool.pool import Pool, engine_of
from credpool.rules.targets import resolve, shown
from credpool.rules.usable import is_disabled

__all__ = [
    "LoginApp",
    "Prompt",
    "login_by_browser",
    "login_by_device",
    "login_by_device_async",
    "refresh",
]

_RANDOM_BYTES: Final = 48
"""Of state and verifier; 64 characters."""

Show = Callable[[Prompt], None]


def login_by_device(
    pool: Pool,
    app: LoginApp,
    show: Show,
    *,
    into: str | None = None,
    new: Entry | None = None,
) -> Entry:
    """Log in with a code that a person types on any device; return the entry.

    Args:
        pool: where the login is kept.
        app: the operator's own OAuth client.
        show: tells the person where to go and what to type.
        into: the id of an entry to log in again; without it, the account decides.
        new: the entry to make for an account that has none.

    Raises:
        LoginFailed: it failed, and the pool is as it was.
        UnknownEntry: the pool has no entry `into`.
        StoreError: the login could not be made durable.
    """
    clock = engine_of(pool).clock
    begun = read_device(ask(device_request(app)), now=clock.now())
    show(begun.prompt)  # spec: login.device.prompt+2
    step: Login | Waiting = begun
    while isinstance(step, Waiting):
        clock.sleep(step.at, "login")
        step = after_poll(app, step, ask(poll_request(app, step)), now=clock.now())
    return _keep(pool, step, into=into, new=new, source="manual:device_code")


async def login_by_device_async(
    pool: Pool,
    app: LoginApp,
    show: Show,
    *,
    into: str | None = None,
    new: Entry | None = None,
) -> Entry:
    """Log in with a code that a person types on any device; see `login_by_device`."""
    engine = engine_of(pool)
    clock = engine.clock
    begun = read_device(await ask_async(device_request(app)), now=clock.now())
    show(begun.prompt)
    step: Login | Waiting = begun
    while isinstance(step, Waiting):
        await clock.sleep_async(step.at, "login")
        step = after_poll(app, step, await ask_async(poll_request(app, step)), now=clock.now())
    kept = partial(_keep, pool, step, into=into, new=new, source="manual:device_code")
    return await engine.aside(kept)


def login_by_browser(
    pool: Pool,
    app: LoginApp,
    show: Show,
    *,
    into: str | None = None,
    new: Entry | None = None,
    patience: float = PATIENCE,
) -> Entry:
    """Log in with this machine's browser; return the entry.

    `show` opens the prompt's address, or tells the person to; `patience` is in real seconds,
    and one for all who come to the port meanwhile.
    The other arguments, and what is raised, are those of `login_by_device`.
    """
    with Callback(patience) as callback:
        asked = authorize(app, callback.url, state=_random(), verifier=_random())
        show(Prompt(asked.url))
        query = callback.wait(partial(is_ours, asked))
    if query is None and callback.strays:
        what = "the browser came back from another login, not from the one that was started"
        raise LoginFailed(NoLogin.WRONG_STATE, what, "log in again, and in one window only")
    if query is None:
        raise LoginFailed(NoLogin.EXPIRED, "the browser has not come back", "log in again")
    reply = ask(exchange_request(app, asked, read_callback(asked, query)))
    login = read_login(app, reply, now=engine_of(pool).clock.now())
    return _keep(pool, login, into=into, new=new, source="manual:pkce")


def refresh(pool: Pool, target: str) -> Entry:
    """Get new tokens for a login now, however long the old ones last; return its entry.

    Args:
        pool: where the login is kept.
        target: the entry's id, label or place.

    Raises:
        UnknownEntry: the pool has no such entry.
        AmbiguousTarget: it has several.
        NotRefreshed: there are no new tokens; what the pool has learnt from that is kept.
        StoreError: the tokens could not be made durable.
    """
    engine, entry = engine_of(pool), resolve(pool.state, target)
    if is_disabled(engine.known, entry):
        raise NotRefreshed(f"{shown(entry)} is disabled", "enable it first")
    active = ActiveCall(engine, lambda: None)
    try:
        if entry.borrowed:
            grant = engine.lender(entry)
            if grant is not None and grant.secret != entry.secret and grant.secret.flaw is None:
                new = replace(grant, replaces=entry.secret)
                keep(engine, Refreshed(active.known, entry.id, new))
        elif entry.refreshable:
            Renewal(engine).run(active, entry)
    finally:
        if active.lease is not None:
            active.lease.end()
    fresh = pool.state.find(entry.id)
    if fresh is None or fresh.secret == entry.secret:
        raise _nothing_new(entry, fresh)
    return fresh


def _nothing_new(entry: Entry, now: Entry | None) -> NotRefreshed:
    if entry.borrowed:
        what, fix = f"is from {entry.source}, where there is nothing newer", "log in there"
    elif not entry.refreshable:
        what, fix = "is not a login that can be refreshed", "log in"
    elif now is not None and now.cooldown is None:
        what, fix = "got no new tokens; the old one is still valid", "try again in a minute"
    else:
        told = None if now is None or now.cooldown is None else now.cooldown.message
        what, fix = f"got no new tokens ({told or 'no reason was given'})", "log in again"
    return NotRefreshed(f"{shown(entry)} {what}", fix)


def _random() -> Secret:
    return Secret(secrets.token_urlsafe(_RANDOM_BYTES))


def _keep(pool: Pool, login: Login, *, into: str | None, new: Entry | None, source: str) -> Entry:
    """Make the login durable, and return its entry."""
    target = None if into is None else EntryId(into)
    made = new if new is not None else _new(login, source)
    # spec: login.durable+2
    state = engine_of(pool).change(lambda state: logged_in(state, login, into=target, new=made))
    return next(e for e in state.entries if e.secret == login.grant.secret)


def _new(login: Login, source: str) -> Entry:
    name = login.name if login.name and label_flaw(login.name) is None else "login"
    entry_id = EntryId(secrets.token_hex(3))
    return Entry(id=entry_id, label=name, auth_type=AuthType.OAUTH, source=source)
