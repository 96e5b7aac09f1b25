"""A login on another device, RFC 8628: messages and what they lead to. No I/O, no clock."""

from dataclasses import dataclass, replace
from typing import Final

from credpool.login.app import LoginApp, no_endpoint, read_login
from credpool.login.entries import Login
from credpool.model.errors import LoginFailed, NoLogin
from credpool.model.secret import Secret
from credpool.providers.grant import TokenRequest, seconds
from credpool.providers.reply import Reply, dig

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL: Final = 5.0
"""How many seconds lie between two questions, unless the provider says otherwise."""

SLOWER: Final = 5.0
"""By how many seconds that grows whenever the provider asks for it."""

LIFETIME: Final = 900.0
"""How long a code is good when the provider does not say."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt for a person: where to go, and the code to type there, if there is one."""

    url: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A login that a person has not finished: ask again at `at`, and give up at `until`."""

    prompt: Prompt
    device_code: Secret
    interval: float
    at: float
    until: float


def device_request(app: LoginApp) -> TokenRequest:
    """Return the request that begins a login.

    Raises:
        LoginFailed: nobody has said where.
    """
    if app.device_url is None:
        raise no_endpoint("device")
    return TokenRequest(app.device_url, {**app.named, **app.scoped})


def read_device(reply: Reply | None, *, now: float) -> Waiting:
    """Return what a person is to do.

    Raises:
        LoginFailed: the provider did not say.
    """
    told = None if reply is None or reply.status >= 400 else reply.data
    found = [dig(told, name) for name in ("device_code", "user_code", "verification_uri")]
    device_code, user_code, url = found
    if not (isinstance(device_code, str) and isinstance(user_code, str) and isinstance(url, str)):
        status = "did not answer" if reply is None else f"answered {reply.status} without a code"
        raise LoginFailed(
            NoLogin.NO_TOKEN,
            f"the device endpoint {status}",
            "check its address and the client id, and log in again",
        )
    interval = seconds(dig(told, "interval"))
    interval = INTERVAL if interval is None or interval <= 0 else interval
    return Waiting(
        prompt=Prompt(url, user_code),
        device_code=Secret(device_code),
        interval=interval,
        at=now + interval,
        until=now + (seconds(dig(told, "expires_in")) or LIFETIME),
    )


def poll_request(app: LoginApp, waiting: Waiting) -> TokenRequest:
    """Return the question whether the person has finished."""
    code = {"device_code": waiting.device_code.reveal()}
    return TokenRequest(app.token_url, {"grant_type": GRANT_TYPE, **code, **app.named})


def after_poll(
    app: LoginApp, waiting: Waiting, reply: Reply | None, *, now: float
) -> Login | Waiting:
    """Return the login, or when to ask again.

    Raises:
        LoginFailed: the person has refused, the code has ended, or there is no token.
    """
    codes = frozenset() if reply is None else reply.codes
    if "access_denied" in codes:  # spec: login.denied+1
        raise LoginFailed(NoLogin.DENIED, "the login was refused", "log in again, and allow it")
    if "expired_token" in codes:
        raise _expired()
    if "slow_down" in codes:  # spec: login.device.interval+3
        return _later(replace(waiting, interval=waiting.interval + SLOWER), now)
    # spec: login.device.patience+2
    if reply is None or reply.status >= 500 or "authorization_pending" in codes:
        return _later(waiting, now)
    return read_login(app, reply, now=now)


def _later(waiting: Waiting, now: float) -> Waiting:
    """Return when to ask again; a code that will have ended by then has ended."""
    at = now + waiting.interval  # spec: login.device.interval+3
    if at > waiting.until:  # spec: login.device.expired+2
        raise _expired()
    return replace(waiting, at=at)


def _expired() -> LoginFailed:
    what = "nobody has typed the code in time"
    return LoginFailed(NoLogin.EXPIRED, what, "log in again")
