"""Every error the library raises.

The tree, one class for each thing a caller would do differently::

    CredpoolError
    ├── PoolExhausted      nothing was sent: wait until `returns_at`, or use the next provider
    ├── WrongOrigin        the request is not for this pool's endpoint
    ├── BadInput           a value the caller can correct
    │   ├── UnknownStrategy
    │   ├── UnknownProvider
    │   ├── UnknownEntry
    │   ├── AmbiguousTarget
    │   ├── UnusableSecret
    │   ├── DuplicateSecret
    │   ├── UnusableLabel
    │   ├── BadPolicy
    │   └── BadConfig
    ├── LoginFailed        a person's login failed; `why` tells how
    ├── NotRefreshed       there are no new tokens for a login
    └── StoreError         the store was left as it is
        ├── StoreUnreadable
        ├── StoreTooNew
        └── StoreUnwritable
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from credpool.model.exhaustion import Exhaustion
from credpool.model.text import did_you_mean


class CredpoolError(Exception):
    """Anything this library raises on purpose."""


class PoolExhausted(CredpoolError):
    """Every entry is out and nothing was sent; `exhaustion` says why, and until when."""

    def __init__(self, exhaustion: Exhaustion, message: str) -> None:
        super().__init__(message)
        self.exhaustion = exhaustion

    @property
    def returns_at(self) -> float | None:
        """When the first entry returns, in epoch seconds; None when none will by itself."""
        return self.exhaustion.returns_at


class WrongOrigin(CredpoolError):
    """The request goes to a host that no entry of the pool belongs to."""

    def __init__(self, asked: str, allowed: str) -> None:
        super().__init__(
            f"the request goes to {asked}, but this pool's credentials belong to {allowed}; "
            f"send it there, or build the pool with base_url={asked!r}"
        )
        self.asked = asked
        self.allowed = allowed


class BadInput(CredpoolError):
    """A value that the caller can correct."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


class UnknownStrategy(BadInput):
    """The strategy's name is none of the known ones."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = tuple(known)
        guess = did_you_mean(name, names)
        super().__init__(f"unknown strategy {name!r}{guess}; choose one of {', '.join(names)}")
        self.name = name


class UnknownProvider(BadInput):
    """The provider is not in the registry."""

    def __init__(self, name: str, known: Iterable[str] | Mapping[str, Iterable[str]]) -> None:
        names = known if isinstance(known, Mapping) else tuple(known)
        super().__init__(
            f"unknown provider {name!r}{did_you_mean(name, names)}; known are {_listed(names)}; "
            "for any other OpenAI-compatible endpoint use 'generic' with a base_url"
        )
        self.name = name


class UnknownEntry(BadInput):
    """No entry of the pool answers to the target."""

    def __init__(
        self, target: str, candidates: Iterable[str] | Mapping[str, Iterable[str]]
    ) -> None:
        known = candidates if isinstance(candidates, Mapping) else tuple(candidates)
        guess, there = did_you_mean(target, known), ", ".join(known) or "none"
        super().__init__(f"no entry {target!r} in this pool{guess}; there are {there}")
        self.target = target


class AmbiguousTarget(BadInput):
    """Several entries of the pool answer to the target."""

    def __init__(self, target: str, candidates: Iterable[str]) -> None:
        super().__init__(
            f"{target!r} is the label of several entries: {', '.join(candidates)}; "
            "name the one you mean by its id"
        )
        self.target = target


class UnusableSecret(BadInput):
    """The secret cannot be one; it is not repeated."""

    def __init__(self, why: str, which: str = "the secret") -> None:
        super().__init__(
            f"{which} {why}; give the whole key as the provider shows it, and nothing around it"
        )
        self.why = why


class DuplicateSecret(BadInput):
    """An entry holds the secret already; `enable` is how a person enables it, if it is disabled."""

    def __init__(self, holder: str, *, enable: str | None = None) -> None:
        what, step = ("", "reset that one") if enable is None else (", and is disabled", enable)
        super().__init__(
            f"the entry {holder} holds this secret already{what}; {step}, or give another secret"
        )
        self.holder = holder
        self.enable = enable


class UnusableLabel(BadInput):
    """The label names no entry, or another one."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the label {why}; give another one")
        self.why = why


class BadPolicy(BadInput):
    """A policy has a value that it cannot have; `name` says which."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"the policy's {name}: {what}; give another value")
        self.name = name
        self.what = what


class BadConfig(BadInput):
    """The configuration says something that it cannot say; `where` names it, and `path` leads there."""

    def __init__(self, where: str, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(f"config.yaml, {where}: {what}; correct it there")
        self.where = where
        self.what = what
        self.path = path


class NoLogin(Enum):
    """Why a login failed."""

    DENIED = "login_denied"
    EXPIRED = "login_expired"
    WRONG_STATE = "wrong_state"
    NO_TOKEN = "no_token"  # noqa: S105 (a name)
    OTHER_ACCOUNT = "other_account"


class LoginFailed(CredpoolError):
    """A person's login failed, and the pool is as it was."""

    def __init__(self, why: NoLogin, what: str, fix: str) -> None:
        super().__init__(f"{what}; nothing was changed; {fix}")
        self.why = why


class NotRefreshed(CredpoolError):
    """There are no new tokens for an entry; the message names it, and says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")


class StoreError(CredpoolError):
    """The store could not be used, and was left as it is; `where` names it."""

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; nothing was changed; {fix}")
        self.where = where


class StoreUnreadable(StoreError):
    """The store exists but cannot be read. Unreadable is not empty."""


class StoreTooNew(StoreError):
    """The store was written by a later version of the format."""


class StoreUnwritable(StoreError):
    """The change could not be made durable."""
