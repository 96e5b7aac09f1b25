"""A key as a person gives it: a mistake is named, and the key is never shown (spec: operator).

What no pool may hold `usable_secret` refuses at every door. This door looks further: the person who
pasted it is there to correct it.
"""

import re
from typing import Final

from credpool.model.borrowed import is_command, is_reference
from credpool.model.credential import bare
from credpool.model.errors import BadInput, UnusableSecret
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import AuthType
from credpool.providers.registry import Provider
from credpool.rules.given import looks_like, usable_secret

_WHOLE: Final = "give the key alone, as the provider shows it"
_PLACE: Final = "to name where the key is, use --from"

_MISTAKES: Final = tuple(
    (re.compile(pattern), why, fix)
    for pattern, why, fix in (
        (r"(\S{8,}?)(?:\s*\1)+", "is there more than once", "give it once"),
        (r"[\"'`]?[A-Za-z][A-Za-z0-9+.-]*://.*", "is a URL", "its place is --base-url; give the key"),
        (r"(?s)[{\[].*", "is in JSON", _WHOLE),
        (r"(?s)(?:curl|wget|http)\s.*", "is in a command", _WHOLE),
        (
            r"(?is)(?:-H\s*|--header\s+)?[\"']?(?:proxy-)?(?:authorization|x-[a-z-]+|api-key)\s*:.*",
            "has the name of a header before it",
            _WHOLE,
        ),
        (r"(?is)(?:bearer|basic|token|apikey)(?:\s.*)?", "has “Bearer” before it, or a word like it", _WHOLE),
        (
            r"(?s)(?:(?:export|setx?|let|var)\s+|\$env:)?[\"']?[A-Za-z_][\w.-]*[\"']?\s*(?:=(?!=*\Z)|:\s).*",
            "has the name of a variable before it",
            "give what is behind the name, without quotes",
        ),
        (
            r"(?i)\$\{?\w+\}?|\$env:\w+|%\w+%|\w+_(?:API_?)?(?:KEY|TOKEN|SECRET)(?:_\d+)?",
            "is the name of a variable",
            f"{_PLACE} env:NAME",
        ),
        (r"(?:~|\.{1,2}|[A-Za-z]:)[\\/].*|/\S*\.[A-Za-z]{1,6}", "is a path", f"{_PLACE} file:PATH"),
        (r".*;", "has a semicolon behind it", _WHOLE),
    )
)  # fmt: skip
"""Mistakes that people paste in place of a key or around it: their names, and what to do."""


class Mistyped(UnusableSecret):
    """The typed text is no key, or another provider's; it is not repeated."""

    def __init__(self, why: str, fix: str) -> None:
        BadInput.__init__(self, f"the secret {why}; {fix}")
        self.why = why


def key_typed(text: str, known: Provider | None, *, elsewhere: bool) -> Secret:
    """Return the key that was typed, or the name of the place where it is.

    Args:
        text: what was typed, or read from the standard input.
        known: the provider whose pool it is for, if that is known.
        elsewhere: whether it is valid at another address than the provider's own.

    Raises:
        UnusableSecret: it is none, or it begins like another provider's.
    """
    text = Veiled(bare(text))
    if is_command(text):
        raise BadInput("this is a command, and no key; if you mean it, give it with --from")
    if is_reference(text):
        return Secret(text)
    _check_shape(text)
    secret = usable_secret(text)
    if known is not None:
        _check_prefix(secret, known, elsewhere=elsewhere)
    return secret


def type_told(secret: Secret, known: Provider | None) -> AuthType:
    """Return the type of credential that a key's beginning tells: a login's token is no API key."""
    text, ways = Veiled(secret.reveal()), () if known is None else known.credentials
    lengths = [(len(p), c.auth_type) for c in ways for p in c.prefixes if text.startswith(p)]
    return max(lengths, key=lambda pair: pair[0])[1] if lengths else AuthType.API_KEY


def unlike(secret: Secret, known: Provider | None) -> str:
    """Return how keys of the provider begin, if this one does not; nobody promises that they do."""
    if known is None or is_reference(secret.reveal()):
        return ""
    prefixes = [p for c in known.credentials for p in c.prefixes]
    return "" if secret.reveal().startswith(tuple(prefixes)) else " or ".join(prefixes)


def _check_shape(text: str) -> None:
    for pattern, why, fix in _MISTAKES:
        if pattern.fullmatch(text):
            raise Mistyped(why, fix)


def _check_prefix(secret: Secret, provider: Provider, *, elsewhere: bool) -> None:
    """Refuse another provider's key, which would be sent to this one, and two keys in one.

    Raises:
        Mistyped: it is one of these.
    """
    pool, text = provider.name, Veiled(secret.reveal())
    looks = [p for c in provider.credentials for p in c.prefixes]
    prefixes = [p for p in looks if len(p) > len("sk-")]
    if text in looks:
        raise Mistyped("is the beginning of a key alone", _WHOLE)
    if any(text.startswith(p) and p in text[len(p) :] for p in prefixes):
        raise Mistyped("holds two keys", "give one key at a time")
    other = None if elsewhere or provider.base_url is None else looks_like(secret, provider)
    if other is not None:
        raise Mistyped(
            f"begins like a key of {other}, and {pool} would get it",
            f"add it there: credpool add {other}; if it is for {pool} after all, say where it is "
            "valid, with --base-url",
        )
