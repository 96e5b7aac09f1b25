"""The events that a pool tells by itself (spec: events): a closed vocabulary, and never a secret.

The event `entry.cooled` is the class `EntryCooled`; so are the others named.

A test holds every class against the specification's file, `spec/tables/events.yaml`.
"""

from dataclasses import dataclass
from typing import ClassVar

from credpool.model.exhaustion import Exhaustion
from credpool.model.terms import EntryId, FailureClass, Payer


@dataclass(frozen=True, slots=True)
class EntryUnusable:
    """Nothing can be sent with an entry, and why: told as the pool opens."""

    name: ClassVar = "entry.unusable"
    entry: EntryId
    why: str


@dataclass(frozen=True, slots=True)
class EntryRefreshed:
    """An entry has a new token."""

    name: ClassVar = "entry.refreshed"
    entry: EntryId


@dataclass(frozen=True, slots=True)
class RefreshFailed:
    """There is no new token; `terminal` when the grant is gone for good."""

    name: ClassVar = "refresh.failed"
    entry: EntryId
    terminal: bool


@dataclass(frozen=True, slots=True)
class EntryCooled:
    """An entry is out until that moment, for one model or (None) for all."""

    name: ClassVar = "entry.cooled"
    entry: EntryId
    failure: FailureClass
    until: float
    model: str | None = None


@dataclass(frozen=True, slots=True)
class EntryDied:
    """Only re-authentication brings the entry back."""

    name: ClassVar = "entry.died"
    entry: EntryId
    failure: FailureClass


@dataclass(frozen=True, slots=True)
class EntryRecovered:
    """A cooldown has ended before its time."""

    name: ClassVar = "entry.recovered"
    entry: EntryId
    model: str | None = None


@dataclass(frozen=True, slots=True)
class OwnerShared:
    """Several secrets turn out to draw on one owner, and so on one quota."""

    name: ClassVar = "owner.shared"
    owner: str
    entries: tuple[EntryId, ...]


@dataclass(frozen=True, slots=True)
class EntrySwitched:
    """Another entry is used than before, after that failure or (None) as a call begins."""

    name: ClassVar = "entry.switched"
    source: EntryId
    target: EntryId
    failure: FailureClass | None


@dataclass(frozen=True, slots=True)
class PayerChanged:
    """Somebody else pays than before."""

    name: ClassVar = "payer.changed"
    source: EntryId
    target: EntryId
    source_payer: Payer
    target_payer: Payer


@dataclass(frozen=True, slots=True)
class PoolExhausted:
    """A call found no entry that is left; the next provider is the caller's affair."""

    name: ClassVar = "pool.exhausted"
    exhaustion: Exhaustion


Event = (
    EntryUnusable
    | EntryRefreshed
    | RefreshFailed
    | EntryCooled
    | EntryDied
    | EntryRecovered
    | OwnerShared
    | EntrySwitched
    | PayerChanged
    | PoolExhausted
)
