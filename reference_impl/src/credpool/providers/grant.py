"""The refresh grant of RFC 6749 §6, as a request and the reading of its reply. No I/O."""

import math
from dataclasses import dataclass
from typing import Final

from credpool.model.credential import bare, form_flaw, url_flaw
from credpool.model.entry import Entry
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.providers.hints import FORMS, read_hint
from credpool.providers.registry import Provider
from credpool.providers.reply import Reply, dig

_TOLD: Final = frozenset(
    {"invalid_request", "invalid_client", "unauthorized_client", "invalid_scope", "access_denied"}
)
"""The other codes of RFC 6749 §5.2 that a person is told; a stranger's own words are not."""


_LAST_DAY: Final = ("refresh_token_expires_in", "refresh_expires_in")
"""Under which names a token endpoint says how long the login can still be renewed."""

_CLIENT: Final = ("client_id", "client_secret")
"""The fields of an entry that name the client its login was made with; the operator's own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No new token; `terminal` when asking again is pointless; `hint`: not for so many seconds.

    `unanswered` when the request was sent, and nobody knows what became of it.
    """

    terminal: bool
    message: str
    hint: float | None = None
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class NoReply:
    """The token endpoint did not answer; `sent` when the request may have reached it."""

    sent: bool

    @property
    def message(self) -> str:
        """The message for a person."""
        return f"the token endpoint {'did not answer' if self.sent else 'could not be reached'}"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The request to send, and where."""

    url: str
    form: dict[str, str]

    def __repr__(self) -> str:
        return f"TokenRequest(url={self.url!r}, form=***)"


def token_request(entry: Entry, provider: Provider) -> TokenRequest | Refusal:
    """Return the exchange of the entry's refresh token, if anyone has said where."""
    # spec: oauth.refresh-token.apart+2
    url = bare(entry.token_url or provider.credential(entry.auth_type).token_url or "")
    if not url or entry.refresh_token is None:
        return Refusal(terminal=False, message="no token endpoint is known; set token_url")
    flaw = why_unrefreshable(entry)
    if flaw is not None:
        return Refusal(terminal=False, message=f"the entry {flaw}")
    # spec: oauth.access-token.apart+2
    form = {"grant_type": "refresh_token", "refresh_token": entry.refresh_token.reveal()}
    return TokenRequest(url, form | client_of(entry))  # spec: oauth.client-id+2


def read_token_reply(
    reply: Reply, *, now: float, gone: frozenset[str] = frozenset()
) -> Grant | Refusal:
    """Return the new tokens, or why there are none (an error may come with status 200).

    Args:
        reply: what the token endpoint answered.
        now: seconds since the epoch.
        gone: the provider's terminal codes.
    """
    token, renewed = (_secret(dig(reply.data, n)) for n in ("access_token", "refresh_token"))
    if reply.status == 200 and token is not None and token.flaw is None:
        lasts = seconds(dig(reply.data, "expires_in"))
        ends = (seconds(dig(reply.data, name)) for name in _LAST_DAY)
        left = next((length for length in ends if length is not None and length > 0), None)
        return Grant(
            secret=token,
            refresh_token=renewed,
            expires_at=None if lasts is None else now + lasts,  # spec: oauth.expires-in+2
            login_ends_at=None
            if left is None
            else now + left,  # spec: operator.list.last-day.granted+1
        )
    # spec: recover.auth-expired.terminal+4, oauth.reply.no-token+2
    terminal = reply.status < 429 and not gone.isdisjoint(reply.codes)
    hint = read_hint(reply, None, now=now) if reply.status >= 400 else None
    said = "".join(f", {code}" for code in sorted(reply.codes & (gone | _TOLD)))
    return Refusal(terminal, f"the token endpoint answered {reply.status}{said}", hint)


def _secret(told: object) -> Secret | None:
    return Secret(told) if isinstance(told, str) and bare(told) else None


def seconds(told: object) -> float | None:
    """Return a length of time in seconds, which some endpoints write as text; None when it is not a time."""
    if isinstance(told, str):
        return FORMS["seconds"](told.strip(), 0.0)
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        number = float(told)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def why_unrefreshable(entry: Entry) -> str | None:
    """Return why a login cannot be refreshed, or None; its token is good to its end all the same."""
    if entry.refresh_token is None or entry.borrowed:
        return None
    url = bare(entry.token_url or "")
    flaw = url_flaw(url) if url else None
    if flaw is not None:
        return f"has a token_url that {flaw}"
    form = {"refresh token": entry.refresh_token.reveal(), **client_of(entry)}
    flaws = ((name, form_flaw(text)) for name, text in form.items())
    return next((f"has a {name} that {flaw}" for name, flaw in flaws if flaw is not None), None)


def client_of(entry: Entry) -> dict[str, str]:
    """Return the fields by which the client is named that a login was made with."""
    return {n: v for n in _CLIENT if isinstance(v := entry.extra.get(n), str)}
