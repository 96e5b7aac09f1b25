"""Make every secret of a scenario unique, find it wherever it turns up, and hide it from people.

Spec: security.  What the testee wrote is judged as it is; what is shown of it goes through `hide`.
"""

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from credpool_conformance.json_values import Json

_MARK_LENGTH: Final = 16
_PIECE: Final = re.compile(r"[0-9a-f]{12,}")
_OWN_LENGTH: Final = 40
"""How many characters of a secret occur nowhere else: what comes before is the provider's."""

_LEAK_LENGTH: Final = 12
_DEFAULT_PREFIXES: Final = MappingProxyType(
    {"access": "sk-", "refresh": "rt-", "placeholder": "sk-", "session": "session-", "code": "c-"}
)


class Kind(Enum):
    """The scope of a secret; a session's name opens nothing, and is private all the same."""

    ACCESS = "access"
    REFRESH = "refresh"
    PLACEHOLDER = "placeholder"
    SESSION = "session"
    CODE = "code"


_NAMES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.ACCESS: "secret",
        Kind.REFRESH: "refresh token",
        Kind.PLACEHOLDER: "credential",
        Kind.SESSION: "session key",
        Kind.CODE: "login code",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A secret that occurs nowhere else; `mark` is enough of it to know it by."""

    owner: str
    kind: Kind
    generation: int
    value: str
    mark: str

    @property
    def named(self) -> str:
        """Say what it is and whose, such as `secret of a`."""
        return f"{_NAMES[self.kind]} of {self.owner}"

    @property
    def stand_in(self) -> str:
        """Write what people see in its place; a later secret of an entry has its number."""
        number = f" no. {self.generation + 1}" if self.generation else ""
        return f"<{_NAMES[self.kind]}{number} of {self.owner}>"

    @property
    def parts(self) -> Iterator[str]:
        """Yield whatever is as long as a part of a secret may not be shown (security.no-leak)."""
        own = self.value[-_OWN_LENGTH:]
        return (own[at : at + _LEAK_LENGTH] for at in range(_OWN_LENGTH - _LEAK_LENGTH + 1))


class Canaries:
    """The secrets of one scenario."""

    def __init__(self, scenario_id: str) -> None:
        """Begin without any."""
        self._scenario_id = scenario_id
        self._all: list[Canary] = []
        self._lock = threading.Lock()

    def mint(self, owner: str, kind: Kind, prefix: str | None = None) -> Canary:
        """Make the next secret of an entry; it begins as the provider's do."""
        with self._lock:
            generation = sum(1 for old in self._all if (old.owner, old.kind) == (owner, kind))
            # The digest hides the scenario's name: a testee must not be able to tell them apart.
            seed = f"{self._scenario_id}\0{owner}\0{kind.value}\0{generation}"
            digest = hashlib.sha256(seed.encode()).hexdigest()[:_OWN_LENGTH]
            canary = Canary(
                owner=owner,
                kind=kind,
                generation=generation,
                value=(prefix or _DEFAULT_PREFIXES[kind.value]) + digest,
                mark=digest[:_MARK_LENGTH],
            )
            self._all.append(canary)
        return canary

    def find(self, texts: Iterable[str]) -> list[Canary]:
        """Find the secrets that occur in these texts, even cut short."""
        haystack = "\n".join(texts)
        return [canary for canary in self._all if canary.mark in haystack]

    def hide(self, said: str) -> str:
        """Write a name in place of each secret, and of each piece of one."""
        known = [*self._all]
        for canary in known:
            said = said.replace(canary.value, canary.stand_in)

        def named(found: re.Match[str]) -> str:
            piece = found[0]
            hidden = (c.stand_in for c in known if piece in c.value or c.mark in piece)
            return next(hidden, piece)

        return _PIECE.sub(named, said)

    def hide_in(self, value: Json) -> Json:
        """Hide the secrets in every text of a value."""
        match value:
            case str():
                return self.hide(value)
            case list():
                return [self.hide_in(item) for item in value]
            case dict():
                return {self.hide(key): self.hide_in(item) for key, item in value.items()}
            case _:
                return value

    def all(self) -> tuple[Canary, ...]:
        """List every secret that was minted."""
        with self._lock:
            return tuple(self._all)

    def shown(self, texts: Iterable[str]) -> list[Canary]:
        """Find the secrets of which these texts show a part that is too long."""
        haystack = "\n".join(texts)
        return [canary for canary in self._all if any(part in haystack for part in canary.parts)]

    def of(self, owner: str) -> list[Canary]:
        """List the secrets of an entry."""
        return [canary for canary in self._all if canary.owner == owner]

    def is_newest(self, canary: Canary) -> bool:
        """Tell whether no later secret has replaced this one."""
        return not any(
            (other.owner, other.kind) == (canary.owner, canary.kind)
            and other.generation > canary.generation
            for other in self._all
        )
