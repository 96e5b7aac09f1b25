"""Make every secret of a scenario unique, and find it again wherever it turns up.

Spec: security.  Not a redactor: nothing is removed from what the testee wrote.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

_MARK_LENGTH: Final = 16
_OWN_LENGTH: Final = 40
"""How many characters of a secret occur nowhere else: what comes before is the provider's."""

_LEAK_LENGTH: Final = 12
_DEFAULT_PREFIXES: Final = MappingProxyType(
    {"access": "sk-", "refresh": "rt-", "placeholder": "sk-", "session": "session-", "code": "c-"}
)


class Kind(Enum):
    """What a secret opens; a session's name opens nothing, and is nobody's business either."""

    ACCESS = "access"
    REFRESH = "refresh"
    PLACEHOLDER = "placeholder"
    SESSION = "session"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A secret that occurs nowhere else; `mark` is enough of it to know it by."""

    owner: str
    kind: Kind
    generation: int
    value: str
    mark: str

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
