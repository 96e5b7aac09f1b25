"""Advice for a person about an entry that is out: a table by failure class."""

from types import MappingProxyType
from typing import Final

from credpool.cli.talk.when import clock_time
from credpool.model.entry import Entry
from credpool.model.terms import AuthType, FailureClass

_AGAIN: Final = "then: credpool reset {key} {id}"
_REPLACE: Final = (
    "make a new key at the provider, and put it in this one's place: credpool replace {key} {id}"
)
_LOGIN: Final = "log in again: credpool login {key} --entry {id}"
_BY_ITSELF: Final = (
    "{wait}it comes back by itself; a credential of another owner would help until then"
)

ADVICE: Final = MappingProxyType(
    {
        FailureClass.RATE_LIMITED: _BY_ITSELF,
        FailureClass.USAGE_LIMITED: _BY_ITSELF,
        FailureClass.OUT_OF_CREDIT: f"add money, or raise its limit, at the provider; {_AGAIN}",
        FailureClass.AUTH_EXPIRED: _LOGIN,
        FailureClass.AUTH_REJECTED: _REPLACE,
        FailureClass.AUTH_REVOKED: _REPLACE,
        FailureClass.NOT_ENTITLED: f"get a plan that has it, or use another model; {_AGAIN}",
        FailureClass.FORBIDDEN: f"ask the provider why; {_AGAIN}",
        FailureClass.OVERLOADED: _BY_ITSELF,
        FailureClass.SERVER_ERROR: _BY_ITSELF,
        FailureClass.REQUEST_ERROR: f"correct the request; {_AGAIN}",
    }
)
"""Advice for an API key. A test holds that no class is left out."""

_LOGINS: Final = MappingProxyType(
    {FailureClass.AUTH_REJECTED: _LOGIN, FailureClass.AUTH_REVOKED: _LOGIN}
)
"""Advice for a login, where it differs."""


def advice(key: str, entry: Entry, now: float) -> str:
    """Return what to do about an entry that is out, or out for a model, or without a secret."""
    if entry.secret is None and not entry.dead:
        return _missing(key, entry)
    outs = (entry.blocked(now), *(c for c in entry.models.values() if c.until > now))
    out = next(c for c in outs if c is not None)
    return advised(key, entry, out.failure, wait=f"wait until {clock_time(out.until, now)}: ")


def advised(key: str, entry: Entry, failure: FailureClass, *, wait: str = "") -> str:
    """Return what to do about an entry that was refused so; `wait` says until when time helps."""
    advice = ADVICE[failure]
    if entry.borrowed and failure in (FailureClass.AUTH_EXPIRED, *_LOGINS):
        place = entry.reference or entry.source
        return f"renew it where it is kept, at {place}; it is read again by itself"
    if entry.auth_type is AuthType.OAUTH:
        advice = _LOGINS.get(failure, advice)
    return advice.format(key=key, id=entry.id, wait=wait)


def _missing(key: str, entry: Entry) -> str:
    """Return where a secret is to be put."""
    out = f"credpool remove {key} {entry.id}"
    if not entry.borrowed:
        return f"add its key again: credpool add {key}; then take this one out: {out}"
    place = entry.reference or entry.source
    kind, _, name = place.partition(":")
    steps = {"env": f"set the variable {name}", "file": f"put the key into the file {name}"}
    steps["cmd"] = f"see what credpool list {key} says of its command"
    step = steps.get(kind, f"log in with the tool that keeps it, {place}")
    return f"{step}; or take the entry out: {out}"
