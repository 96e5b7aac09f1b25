"""Figures as values: percentiles of a way, and its ratios to what was measured in turn."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_BLOCKS: Final = 11
"""A ratio is taken within each of so many blocks of a run, and the median of them holds."""


@dataclass(frozen=True, slots=True)
class Timings:
    """One way's times and CPU times in nanoseconds, and the facts that it told of its rounds."""

    wall: Sequence[int]
    cpu: Sequence[int]
    facts: Sequence[Mapping[str, float]] = ()

    def joined(self, more: "Timings") -> "Timings":
        """Return these and more of them."""
        return Timings([*self.wall, *more.wall], [*self.cpu, *more.cpu], [*self.facts, *more.facts])

    def told(self, name: str) -> "Timings":
        """Return a time that the way took itself as what it took."""
        taken = [round(facts[name]) for facts in self.facts]
        return Timings(taken, taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured of one subject."""

    id: str
    subject: str
    what: str
    values: Mapping[str, float] = field(default_factory=dict)
    """Times in nanoseconds, ratios and counts, by their names."""


def values(pool: Timings, beside: Timings | None = None) -> dict[str, float]:
    """Return the percentiles of what the pool took, and how they compare."""
    found = {**_percentiles(pool.wall), "cpu": statistics.median(pool.cpu)}
    found["calls"] = float(len(pool.wall))
    if beside is None:
        return found
    usual = statistics.median(beside.wall)
    return found | {
        "beside": usual,
        "beside_cpu": statistics.median(beside.cpu),
        "ratio": paired(pool.wall, beside.wall),
        "cpu_ratio": paired(pool.cpu, beside.cpu),
        **{f"{name}_ratio": found[name] / usual for name in ("p99", "p999", "mean", "slowest")},
        "cpu_p999_ratio": _percentiles(pool.cpu)["p999"] / max(1, statistics.median(beside.cpu)),
    }


def paired(pool: Sequence[int], beside: Sequence[int]) -> float:
    """Return the median of the ratios of the medians within blocks of a run."""
    size = max(1, min(len(pool), len(beside)) // _BLOCKS)
    starts = range(0, min(len(pool), len(beside)) - size + 1, size)
    return statistics.median(
        statistics.median(pool[n : n + size]) / max(1, statistics.median(beside[n : n + size]))
        for n in starts
    )


def _percentiles(times: Sequence[int]) -> dict[str, float]:
    ordered = sorted(times)
    last = len(ordered) - 1
    marks = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: float(ordered[min(last, int(len(ordered) * q))]) for name, q in marks.items()}
    return found | {"mean": statistics.fmean(ordered), "slowest": float(ordered[-1])}
