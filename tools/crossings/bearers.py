"""Count the checks of each requirement in which something else bears on it.

A rule that holds for one call of one entry may fail where two calls overlap, after a restart, or
where two rows have one secret: each of these is a *bearer*, told by what stands in a check.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from tools.sources.specification import Specification


def bearer_counts(spec: Specification) -> Counter[tuple[str, str]]:
    """Count the checks by requirement and bearer."""
    found: Counter[tuple[str, str]] = Counter()
    for case in (case for scenario in spec.scenarios for case in scenario.cases):
        here = [name for name, bears in BEARERS.items() if bears(case)]
        for cited in map(text, items(case.get("verifies"))):
            found.update((cited.partition("+")[0], name) for name in here)
    return found


def _entries(case: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    yield from map(fields, items(fields(case.get("given")).get("entries")))


def _phases(case: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    yield from map(fields, items(case.get("phases")))


def _overlaps(case: Mapping[str, Json]) -> bool:
    """Say whether something happens between a call's beginning and its end."""
    return any({"release", "resume"} & phase.keys() for phase in _phases(case))


def _restarts(case: Mapping[str, Json]) -> bool:
    return any({"restart", "crash"} & phase.keys() for phase in _phases(case))


def _several_processes(case: Mapping[str, Json]) -> bool:
    return len(items(fields(case.get("given")).get("processes"))) > 1


def _twins(case: Mapping[str, Json]) -> bool:
    return any("same_secret_as" in entry for entry in _entries(case))


def _one_owner(case: Mapping[str, Json]) -> bool:
    owners = [entry["owner"] for entry in _entries(case) if entry.get("owner")]
    return len({*map(text, owners)}) < len(owners)


def _several_models(case: Mapping[str, Json]) -> bool:
    calls = [fields(phase["call"]) for phase in _phases(case) if "call" in phase]
    return len({text(call.get("model")) for call in calls}) > 1


def _policy(case: Mapping[str, Json]) -> bool:
    return bool(fields(case.get("given")).get("policy"))


BEARERS: Final[Mapping[str, Callable[[Mapping[str, Json]], bool]]] = {
    "overlap": _overlaps,
    "restart": _restarts,
    "second process": _several_processes,
    "same secret": _twins,
    "same owner": _one_owner,
    "other model": _several_models,
    "policy set": _policy,
}
