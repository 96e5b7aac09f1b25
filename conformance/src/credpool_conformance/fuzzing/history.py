"""A history: a scenario of the suite's own form, without what is expected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.loader import given_of, scripts_of
from credpool_conformance.scenarios.phases import phases_of
from credpool_conformance.scenarios.scenario import Phase, Scenario
from credpool_conformance.scenarios.script import scripted
from credpool_conformance.specification.registry import Registry

Raw: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The pool, the provider's script, and what happens, each as it is written in a scenario."""

    seed: str
    features: tuple[str, ...]
    given: Raw
    upstream: Raw
    phases: tuple[Raw, ...] = ()

    @property
    def entries(self) -> tuple[str, ...]:
        """The ids of the entries that are given."""
        return tuple(id_of(entry) for entry in items(self.given.get("entries")))

    @property
    def shape(self) -> str:
        """The whole history without its seed, as text."""
        return json.dumps([dict(self.given), dict(self.upstream), [*map(dict, self.phases)]])


def id_of(entry: Json) -> str:
    """Return the id of an entry, which may be all that is written of it."""
    return entry if isinstance(entry, str) else text(fields(entry).get("id"))


def scenario_of(history: History, registry: Registry) -> Scenario:
    """Read a history as the loader reads a scenario."""
    given = given_of(fields({**history.given}), registry)
    upstream = {
        key: tuple(
            scripted(f"{key}[{index}]", reply, given.provider, registry)
            for index, reply in enumerate(items(replies))
        )
        for key, _, replies in scripts_of(history.upstream)
    }
    return Scenario(
        id=f"fuzz-{history.seed}",
        title="",
        chapter="",
        verifies=(),
        features=history.features,
        consequence="",
        given=given,
        upstream=upstream,
        phases=phases_of({"phases": [{**phase} for phase in history.phases]}, given.provider),
        path="",
        line=0,
    )


def phase_of(phase: Raw, provider: str) -> Phase:
    """Read one phase."""
    return phases_of({"phases": [{**phase}]}, provider)[0]
