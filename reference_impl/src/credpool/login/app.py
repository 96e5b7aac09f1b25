"""The client that a person logs in with, and what its token endpoint grants. No I/O.

The client id is always the operator's own: this library ships none, and poses as nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from credpool.login.entries import Login
from credpool.model.errors import LoginFailed, NoLogin
from credpool.model.messages import Grant
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import AuthType
from credpool.providers import registry
from credpool.providers.grant import read_token_reply
from credpool.providers.owner import account, claims, name
from credpool.providers.reply import Reply, dig
from credpool.rules.given import checked_url

_TOLD: Final = ("scope", "token_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginApp:
    """An OAuth client of the operator's, and the endpoints at which it is known."""

    client_id: str
    token_url: str
    device_url: str | None = None
    authorize_url: str | None = None
    scope: str | None = None
    client_secret: Secret | None = None

    def __post_init__(self) -> None:
        """Refuse an endpoint that nothing can be sent to.

        Raises:
            BadInput: one is not a URL.
        """
        checked_url("token_url", self.token_url)
        checked_url("device_url", self.device_url)
        checked_url("authorize_url", self.authorize_url)

    @classmethod
    def at(
        cls,
        provider: str,
        *,
        client_id: str,
        token_url: str | None = None,
        device_url: str | None = None,
        authorize_url: str | None = None,
        scope: str | None = None,
        client_secret: Secret | None = None,
    ) -> Self:
        """Return the client at a provider's own endpoints, as far as the registry knows them.

        Raises:
            UnknownProvider: the registry has no such provider.
            BadInput: an endpoint is not a URL.
            LoginFailed: nobody has said where the token endpoint is.
        """
        known = registry.provider(provider).credential(AuthType.OAUTH)
        found = token_url or known.token_url
        if found is None:
            raise no_endpoint("token")
        return cls(
            client_id=client_id,
            token_url=found,
            device_url=device_url,
            authorize_url=authorize_url,
            scope=scope,
            client_secret=client_secret,
        )

    @property
    def named(self) -> dict[str, str]:
        """The fields by which a request names the client."""
        secret = self.client_secret
        proof = {} if secret is None else {"client_secret": Veiled(secret.reveal())}
        return {"client_id": self.client_id, **proof}  # spec: login.client+2

    @property
    def scoped(self) -> dict[str, str]:
        """The field by which a request says what it asks for."""
        return {} if self.scope is None else {"scope": self.scope}


def no_endpoint(which: str) -> LoginFailed:
    """Return the error of an endpoint that nobody has named."""
    what = f"no {which} endpoint is known here"
    return LoginFailed(NoLogin.NO_TOKEN, what, f"give its address as {which}_url")


def read_login(app: LoginApp, reply: Reply | None, *, now: float) -> Login:
    """Return what a token reply grants.

    Raises:
        LoginFailed: it grants nothing.
    """
    found = None if reply is None else read_token_reply(reply, now=now)
    if reply is None or not isinstance(found, Grant):
        answer = "did not answer" if reply is None else f"answered {reply.status} without a token"
        raise LoginFailed(  # spec: login.no-token+1
            NoLogin.NO_TOKEN, f"the token endpoint {answer}", "log in again"
        )
    sources = _sources(reply)
    told = {n: v for n in _TOLD if isinstance(v := dig(reply.data, n), str)}
    return Login(
        grant=found,
        account=next((a for a in map(account, sources) if a is not None), None),
        name=next((n for n in map(name, sources) if n is not None), None),
        token_url=app.token_url,
        stored=MappingProxyType({**app.named, **app.scoped, **told}),  # spec: login.fields+2
    )


def _sources(reply: Reply) -> tuple[object, ...]:
    """Return what may tell whose login it is, the surest first."""
    tokens = (dig(reply.data, "id_token"), dig(reply.data, "access_token"))
    return (*map(claims, tokens), reply.data if isinstance(reply.data, Mapping) else None)
