"""Secrets that somebody else owns: which they are, and what may be kept of them (spec: seeding)."""

import hmac
from hashlib import sha256
from typing import Final

from credpool.model.entry import Entry
from credpool.model.secret import Secret

FINGERPRINT: Final = "secret_fingerprint"
"""The field of a row that tells a borrowed secret from another one."""

OURS: Final = "hmac-sha256:"
_THEIRS: Final = "sha256:"
_COMMAND: Final = "cmd:"
_BRIEF: Final = 8
_REFERENCES: Final = ("env:", "file:", "keyring:", _COMMAND)
_OWNED: Final = frozenset(
    {
        ("anthropic", "hermes_pkce"),
        ("minimax-oauth", "oauth"),
        ("nous", "device_code"),
        ("openai-codex", "device_code"),
        ("xai-oauth", "device_code"),
    }
)


def borrowed(key: str, source: str) -> bool:
    """Return whether somebody else owns what comes from that source."""
    name = source.strip().lower()
    if name in ("", "manual") or name.startswith("manual:"):
        return False
    return (key.strip().lower(), name) not in _OWNED


def is_reference(text: str) -> bool:
    """Return whether a row's text names the place of a secret, and is none."""
    return text.startswith(_REFERENCES)


def is_command(reference: str | None) -> bool:
    """Return whether a reference names a program that prints the secret."""
    return reference is not None and reference.startswith(_COMMAND)


def fingerprint(secret: Secret, key: bytes) -> str:
    """Return a keyed digest that tells two secrets apart without storing either."""
    return OURS + hmac.new(key, _value(secret), sha256).hexdigest()[:16]


def brief(entry: Entry) -> str | None:
    """Return the first characters of the fingerprint that comes with an entry, if one does."""
    told = entry.extra.get(FINGERPRINT)
    if not isinstance(told, str) or not told.startswith(OURS):
        return None
    return told.removeprefix(OURS)[:_BRIEF]


def is_same(entry: Entry, secret: Secret, key: bytes | None) -> bool:
    """Return whether the entry's secret was this one, as far as anything tells."""
    told = entry.extra.get(FINGERPRINT)
    if entry.secret is not None or not isinstance(told, str):
        return entry.secret in (None, secret)
    if told.startswith(OURS):
        return key is None or told == fingerprint(secret, key)
    return told == _THEIRS + sha256(_value(secret)).hexdigest()[:16]


def owners(entry: Entry, named: str | None, *, same: bool) -> tuple[str | None, str | None]:
    """Return the owner and the learnt owner of an entry whose source names an owner, or none.

    A source's owner is both, which tells it from one that a person has set; so it goes when its secret goes.
    """
    learnt = named or (entry.learnt_owner if same else None)  # spec: owner.follows+1
    if entry.owner is None:
        return named, learnt
    if entry.owner == entry.learnt_owner:
        return named or (entry.owner if same else None), learnt
    is_unmarked = named is not None and not same and entry.learnt_owner is None
    return (named if is_unmarked else entry.owner), learnt


def _value(secret: Secret) -> bytes:
    return secret.reveal().encode(errors="surrogatepass")
