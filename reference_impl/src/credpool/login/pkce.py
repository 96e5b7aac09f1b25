"""A login in this machine's browser, RFC 7636 and 8252: messages and what they lead to. No I/O.

Randomness comes in as `state` and `verifier`; who receives the redirect is `callback`'s.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from credpool.login.app import LoginApp, no_endpoint
from credpool.model.errors import LoginFailed, NoLogin
from credpool.model.secret import Secret
from credpool.providers.grant import TokenRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A login that a person is asked for at `url`."""

    url: str
    redirect_uri: str
    state: Secret
    verifier: Secret

    def __repr__(self) -> str:
        return f"Asked(redirect_uri={self.redirect_uri!r}, url=***)"


def authorize(app: LoginApp, redirect_uri: str, *, state: Secret, verifier: Secret) -> Asked:
    """Return where the person is to go.

    Args:
        app: the client.
        redirect_uri: where the browser is sent when they are done.
        state: at least 128 random bits, for this login alone.
        verifier: 43 to 128 random characters, for this login alone.

    Raises:
        LoginFailed: nobody has said where.
    """
    if app.authorize_url is None:
        raise no_endpoint("authorize")
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        **app.scoped,
        "state": state.reveal(),
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in app.authorize_url else "?"
    url = app.authorize_url + joint + urlencode(query)
    return Asked(url=url, redirect_uri=redirect_uri, state=state, verifier=verifier)


def challenge(verifier: Secret) -> str:
    """Return what proves the verifier without telling it."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()  # spec: login.browser.pkce+2


def is_ours(asked: Asked, query: str) -> bool:
    """Whether a redirect comes from the login that was begun; anybody may come with another state."""
    told = parse_qs(query).get("state", [])  # spec: login.browser.state+2
    wanted = asked.state.reveal().encode()
    return len(told) == 1 and hmac.compare_digest(told[0].encode(errors="replace"), wanted)


def read_callback(asked: Asked, query: str) -> Secret:
    """Return the code with which the browser came back.

    Raises:
        LoginFailed: it came back without one, or from a login that nobody here has begun.
    """
    told = {name: values[0] for name, values in parse_qs(query).items() if len(values) == 1}
    if not is_ours(asked, query):
        what = "the browser came back from another login than the one that was begun"
        raise LoginFailed(NoLogin.WRONG_STATE, what, "log in again, and in one window only")
    if told.get("error") == "access_denied":  # spec: login.denied+1
        raise LoginFailed(NoLogin.DENIED, "the login was refused", "log in again, and allow it")
    if not told.get("code"):
        what = "the browser came back without a code"
        raise LoginFailed(NoLogin.NO_TOKEN, what, "check the client id, and log in again")
    return Secret(told["code"])


def exchange_request(app: LoginApp, asked: Asked, code: Secret) -> TokenRequest:
    """Return the exchange of the code for tokens."""
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier.reveal(),
    }
    return TokenRequest(app.token_url, form | app.named)
