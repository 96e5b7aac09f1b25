"""The published plans: how many hosts, what they do, and what an operator can change."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from credpool.simulate.hosts import Figures, Fleet, Site, quantiles
from credpool_conformance.json_values import Json

HOSTS: Final = (1, 10, 100, 1000)
QUICK: Final = 100
"""Up to so many hosts, a test simulates a plan again."""
SEED: Final = 0
_STORM_AT: Final = 2.0
_SECONDS: Final = {1: 2000.0, 10: 1000.0, 100: 100.0}
_QUANTILES: Final = (0.5, 0.99, 1.0)

_DAY: Final = Fleet(hosts=1000)
_STORM: Final = Fleet(hosts=1000, refused=0.0, storm_at=_STORM_AT, seconds=30.0)
_QUOTAS: Final = replace(_DAY, quotas=True)
_WORKERS: Final = replace(_DAY, hosts=8000, rate=1.25, seconds=10.0)

USUAL: Final = tuple(replace(_DAY, hosts=n, seconds=_SECONDS.get(n, 20.0)) for n in HOSTS)
STORMS: Final = tuple(replace(_STORM, hosts=n) for n in HOSTS)
CHANGED: Final[Mapping[str, Fleet]] = MappingProxyType(
    {
        "as above": _DAY,
        "2,000 hosts in place of 1,000": replace(_DAY, hosts=2000),
        "round trips of 5 ms": replace(_DAY, site=Site(round_trip=0.005)),
        "a server three times slower": replace(_DAY, site=Site(slower=3.0)),
        "requests spread over 100 entries": replace(_DAY, spread=100),
        "requests spread over 800 entries": replace(_DAY, entries=800, spread=800),
        "replies that tell quotas": _QUOTAS,
        "the same, spread over 100 entries": replace(_QUOTAS, spread=100, seconds=10.0),
        "8 processes on each host": _WORKERS,
        "one process for 10 hosts": replace(_DAY, hosts=100, rate=100.0),
        "`poll=10`": replace(_DAY, poll=10.0),
        "10 namespaces": replace(_DAY, namespaces=10),
    }
)
"""The usual day of 1,000 hosts, and what makes it heavier or lighter."""
EASED: Final[Mapping[str, Fleet]] = MappingProxyType(
    {
        "as above": _STORM,
        "an owner with 100 entries": replace(_STORM, storm_entries=100),
        "an owner with 800 entries": replace(_STORM, entries=800, storm_entries=800),
        "one process for 10 hosts": replace(_STORM, hosts=100, rate=100.0),
        "10 namespaces": replace(_STORM, namespaces=10),
        "100 namespaces": replace(_STORM, namespaces=100),
    }
)
"""The storm of 1,000 hosts, and what makes it heavier or lighter."""


def row(fleet: Fleet, figures: Figures) -> dict[str, Json]:
    """Return the figures of a run as the page has them: times in milliseconds, rates by the second."""
    load, told, storm = figures.load, max(figures.told, 1), fleet.storm_at is not None
    late, waited = quantiles(figures.late, _QUANTILES), quantiles(figures.waited, _QUANTILES)
    return {
        "hosts": fleet.hosts,
        "commands": round(figures.a_second(load.commands), 1),
        "notices": round(figures.a_second(load.notices), 1),
        "in": round(figures.a_second(load.sent)),
        "out": round(figures.a_second(load.answered)),
        "busy": round(figures.a_second(load.busy), 4),
        "changes": figures.told,
        "replays": figures.replays,
        "replays_each": round(figures.replays / told, 3),
        "late": [round(value * 1000, 2) for value in late],
        "waited": [round(value * 1000, 2) for value in waited],
        "under_way": figures.under_way,
        "blind": round(figures.blind if storm else figures.per_exhausted(figures.blind), 2),
        "queue": round(load.longest * 1000, 2),
        "away": load.away,
        "lost": figures.lost,
        "quiet": round(max(figures.last_out - (fleet.storm_at or 0.0), 0.0), 2) if storm else 0.0,
    }
