"""A person's login from the command: with a code on any device, or in this machine's browser."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import click

from credpool.cli.home import Home
from credpool.cli.session import Session, any_target, provider, session
from credpool.cli.talk import streams
from credpool.cli.talk.options import common
from credpool.cli.talk.prompter import Prompter, Terminal, is_interactive
from credpool.cli.talk.render import say
from credpool.login import LoginApp, Prompt, login_by_browser, login_by_device
from credpool.login import refresh as renewed
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.secret import Secret
from credpool.model.terms import AuthType
from credpool.providers.registry import Provider
from credpool.rules.targets import resolve, shown
from credpool.rules.usable import is_disabled

_CLIENT: Final = "--client-id, the id of your own OAuth client: this program ships none"
_ENDPOINT: Final = (
    "--device-url (a code that is typed on any device) or --authorize-url (this machine's browser), "
    "the client's endpoint"
)
_TOKENS: Final = "--token-url, its token endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The operator's own OAuth client, as far as it was named."""

    client_id: str | None = None
    device_url: str | None = None
    authorize_url: str | None = None
    token_url: str | None = None
    scope: str | None = None
    secret: Secret | None = None

    def asked(self, prompter: Prompter) -> "Client":
        """Return the client with what a person says of it; nothing is asked twice."""
        told = replace(
            self, client_id=self.client_id or prompter.ask("The id of your own OAuth client:")
        )
        if not (told.device_url or told.authorize_url):
            device = prompter.ask(
                "Its device endpoint (empty: log in with this machine's browser):"
            )
            told = replace(told, device_url=device)
        if not (told.device_url or told.authorize_url):
            told = replace(told, authorize_url=prompter.ask("Its authorisation endpoint:"))
        return replace(
            told,
            token_url=told.token_url or prompter.ask("Its token endpoint (empty: the usual one):"),
            scope=told.scope or prompter.ask("The scope to ask for (may be empty):"),
        )

    def token_at(self, known: Provider) -> str | None:
        """Return where its tokens are, if that is known."""
        return self.token_url or known.credential(AuthType.OAUTH).token_url

    def lacks(self, known: Provider) -> Sequence[str]:
        """Return what a login to the provider needs besides, all at once."""
        parts = (
            (self.client_id, _CLIENT),
            (self.device_url or self.authorize_url, _ENDPOINT),
            (self.token_at(known), _TOKENS),
        )
        return [what for given, what in parts if not given]


def log_in(home: Home, key: str, client: Client, *, into: str | None = None) -> Entry:
    """Let a person log in, and return the entry.

    Raises:
        BadInput: the client or its endpoint is missing; or the provider takes no login.
        LoginFailed: it failed, and the pool is as it was.
        StoreError: the login could not be made durable.
    """
    known = check_takes_logins(home, key)
    pool = home.pool(key)
    target = None if into is None else resolve(pool.state, into).id
    lacks, token_url = client.lacks(known), client.token_at(known)
    if lacks or client.client_id is None or token_url is None:
        raise BadInput(f"{_needs(key, lacks)}; the provider's documentation has the endpoints")
    app = LoginApp(
        client_id=client.client_id,
        token_url=token_url,
        device_url=client.device_url or None,
        authorize_url=client.authorize_url or None,
        scope=client.scope or None,
        client_secret=client.secret,
    )
    if app.device_url:
        return login_by_device(pool, app, _say_code, into=target)
    return login_by_browser(pool, app, _say_address, into=target)


def check_takes_logins(home: Home, key: str) -> Provider:
    """Return a provider, if it takes logins; or else say which others do.

    Raises:
        BadInput: it is one.
    """
    known = home.provider(key)
    if known is None or AuthType.OAUTH not in home.types_of(key):
        names = home.surroundings.names()
        can = ", ".join(name for name in names if AuthType.OAUTH in home.types_of(name))
        raise BadInput(f"{key} takes API keys alone: credpool add {key}; logins are taken by {can}")
    return known


def _needs(key: str, lacks: Sequence[str]) -> str:
    """Return all that a login needs and was not told."""
    return f"a login to {key} needs {'; '.join(lacks)}"


@click.command()
@common
@provider
@click.option("--client-id", help="The id of your own OAuth client.")
@click.option("--client-secret", "has_secret", is_flag=True, help="It has a secret: ask for it.")
@click.option("--device-url", help="Its endpoint for codes that are typed on any device.")
@click.option("--authorize-url", help="Its endpoint for this machine's browser.")
@click.option("--token-url", help="Its token endpoint, if not the provider's usual one.")
@click.option("--scope", help="What to ask for.")
@click.option("--entry", "into", metavar="TARGET", help="The entry to log in again.")
@session
def login(
    session: Session, /, provider: str, *, has_secret: bool, into: str | None, **told: str | None
) -> None:
    """Log in to PROVIDER with your own OAuth client."""
    client = Client(**told, secret=None)
    lacks = client.lacks(check_takes_logins(session.home, provider))
    if lacks and is_interactive():
        say(f"{_needs(provider, lacks).capitalize()}.")
        client = client.asked(Terminal())
    client = replace(client, secret=_client_secret() if has_secret else None)
    entry = log_in(session.home, provider, client, into=into)
    off = " It is still disabled." if entry.disabled else ""
    session.done(f"Logged in: {shown(entry)} of {provider}.{off}", provider, entry.id)


@click.command()
@common
@provider
@any_target
@session
def refresh(session: Session, provider: str, target: str | None) -> None:
    """Get new tokens now, for one login or for all of the pool."""
    pool = session.home.running().pool(provider)
    state = pool.state
    logins = [e.id for e in state.entries if e.renewable and not is_disabled(state, e)]
    if target is None and not logins:
        raise BadInput(
            f"{provider} has no login that can be refreshed; see credpool list {provider}"
        )
    for one in logins if target is None else [target]:
        session.done(f"Refreshed {shown(renewed(pool, one))} of {provider}.", provider)


def _client_secret() -> Secret:
    if is_interactive():
        return Secret(Terminal().ask_secret("The client's secret (it is not shown):"))
    return Secret(streams.read().partition("\n")[0].strip())


def _say_code(prompt: Prompt) -> None:
    say(f"Open {prompt.url} on any device, and type the code {prompt.code} there.")


def _say_address(prompt: Prompt) -> None:
    say(f"Open this address in the browser of this machine:\n{prompt.url}")
