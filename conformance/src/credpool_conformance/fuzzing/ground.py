"""The common ground of two testees, and how each is told to leave the rest alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from credpool_conformance.fuzzing.history import Raw
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.specification.registry import Registry
from credpool_conformance.testee.observed import Observed
from credpool_conformance.testee.session import Manifest

STRATEGIES: Final = ("fill_first", "round_robin", "least_used", "random", "quota_aware")
NEEDS: Final = MappingProxyType(
    {
        "probe_after": "probe",
        "probe_interval": "probe",
        "advisory_window": "oauth",
        "mandatory_window": "oauth",
        "claim_ttl": "oauth",
        "max_concurrent": "lease",
        "affinity_ttl": "affinity",
        "payer_change": "payer",
        "avoid_below_fraction": "quota-aware",
    }
)
"""The feature that a name of the policy table belongs to, if it is not of the core."""

_NEVER: Final = 9e9
_UNPLAYED: Final = frozenset({"borrowed", "custom-endpoints", "seed"})
"""Features whose histories need other tools' files, which are not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The features, providers and choices that both have."""

    features: frozenset[str]
    alone: frozenset[str]
    """The features that one of them has alone."""

    providers: tuple[str, ...]
    strategies: tuple[str, ...]
    policy: frozenset[str]
    tells: frozenset[str]

    def has(self, feature: str) -> bool:
        """Tell whether both declare a feature."""
        return feature in self.features


def common(manifests: Sequence[Manifest], registry: Registry) -> Ground:
    """Find what all have in common."""
    known = [manifest.profile for manifest in manifests]
    features = frozenset.intersection(*(manifest.features for manifest in manifests))
    either = frozenset.union(*(manifest.features for manifest in manifests))
    rows = items(fields(registry.tables["policy"].data).get("rows"))
    policy = {text(fields(row).get("name")) for row in rows}
    strategies = [*STRATEGIES] if "quota-aware" in features else [*STRATEGIES[:-1]]
    return Ground(
        features=features - _UNPLAYED,
        alone=either - features,
        providers=tuple(
            name
            for name in sorted(registry.providers)
            if all(one.providers is None or name in one.providers for one in known)
        ),
        strategies=tuple(
            name
            for name in strategies
            if all(one.strategies is None or name in one.strategies for one in known)
        ),
        policy=frozenset(
            name
            for name in policy
            if NEEDS.get(name, "core") in features
            and all(one.policy is None or name in one.policy for one in known)
        ),
        tells=frozenset.intersection(*(one.tells for one in known)),
    )


def fitted(given: Raw, own: Manifest, ground: Ground) -> dict[str, Json]:
    """Write a pool for one testee: what it has alone is switched off, where the policy can do that."""
    policy = fields(given.get("policy"))
    if "probe" in own.features and not ground.has("probe"):
        policy = {**policy, "probe_after": _NEVER}
    return {**given, "policy": policy} if policy else {**given}


def strays(seen: Observed, ground: Ground) -> bool:
    """Tell whether a phase has shown what only one of the two declares: the history ends there."""
    entries = seen.state.entries if seen.state else ()
    return not ground.has("model-scope") and any(entry.models for entry in entries)
