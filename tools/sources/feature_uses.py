"""Tell which features a scenario's case makes use of, by what stands in it."""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items

_GIVEN: Final = {
    "store": "auth-json",
    "store_as": "auth-json",
    "lock_timeout": "auth-json",
    "processes": "shared-store",
}
_POLICY: Final = {
    "payer_change": "payer",
    "avoid_below_fraction": "quota-aware",
    "max_concurrent": "lease",
    "affinity_ttl": "affinity",
    "probe_after": "probe",
    "probe_interval": "probe",
    "advisory_window": "oauth",
    "mandatory_window": "oauth",
    "claim_ttl": "oauth",
}
_ENTRY: Final = {
    "owner": "owner-scope",
    "payer": "payer",
    "serves": "serves",
    "refreshable": "oauth",
    "expires_in": "oauth",
}
_PHASE: Final = {
    "login": "login",
    "manage": "operator",
    "write": "auth-json",
    "lock": "auth-json",
    "unlock": "auth-json",
    "crash": "store",
    "process": "shared-store",
}
_CALL: Final = {"session": "affinity"}
_EXPECT: Final = {"store": "auth-json", "events": "events"}

_FOUND: Final = ("environment", "home")
_FINDERS: Final[frozenset[str]] = frozenset({"seed", "custom-endpoints"})
"""Any of these may look around, and `seed` is named where none is declared."""

_CLAIMS_READERS: Final[frozenset[str]] = frozenset({"owner-scope", "oauth"})
"""Any of these may read what a token says, and `owner-scope` is named where none is declared."""

_SHOWN_BY_AN_OPERATOR: Final[frozenset[str]] = frozenset({"owner-scope"})
"""The parts of a listing that no rule uses."""


def used_features(case: Mapping[str, Json], declared: frozenset[str]) -> Iterator[str]:
    """Yield the features by which a case can be told from one of the core."""
    for feature in {*_used(case)}:
        shown = feature in _SHOWN_BY_AN_OPERATOR and "operator" in declared
        if not shown:
            yield feature
    given = fields(case.get("given"))
    if any(name in given for name in _FOUND) and not declared & _FINDERS:
        yield "seed"
    claims = any("claims" in fields(entry) for entry in items(given.get("entries")))
    if claims and not declared & _CLAIMS_READERS:
        yield "owner-scope"


def _used(case: Mapping[str, Json]) -> Iterator[str]:
    given = fields(case.get("given"))
    yield from _named(given, _GIVEN)
    yield from _named(fields(given.get("policy")), _POLICY)
    for entry in items(given.get("entries")):
        yield from _named(fields(entry), _ENTRY)
    if given.get("strategy") == "quota_aware":
        yield "quota-aware"
    if "token" in fields(case.get("upstream")):
        yield "oauth"
    for phase in map(fields, items(case.get("phases"))):
        yield from _named(phase, _PHASE)
        yield from _named(fields(phase.get("call")), _CALL)
        yield from _named(fields(phase.get("expect")), _EXPECT)


def _named(part: Mapping[str, Json], features: Mapping[str, str]) -> Iterator[str]:
    return (feature for name, feature in features.items() if name in part)
