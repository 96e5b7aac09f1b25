"""Figures as people read them."""

from collections.abc import Callable
from typing import Final

from tools.bench.figures import Figure

Writes = Callable[[float], str]

_TIMES: Final = ("p50", "p99", "p999", "mean", "slowest", "beside", "cpu", "beside_cpu", "each")
NAMES: Final = {
    "p999": "p99.9",
    "cpu": "CPU",
    "beside_cpu": "beside CPU",
    "cpu_ratio": "CPU ratio",
    "mean_ratio": "mean ratio",
    "each_ratio": "ratio of each",
    "rate": "each second:",
    "cpu_p999_ratio": "p99.9 of CPU, ratio",
}
"""The names of values that people read otherwise."""


def time(nanoseconds: float) -> str:
    """Write a time with the unit that fits it, and three digits."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{_digits(nanoseconds / size)} {unit}"
    return f"{nanoseconds:.0f} ns"


def times(ratio: float) -> str:
    """Write how many times as much something is."""
    return f"{ratio:g} ×"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def value(name: str, found: float) -> str:
    """Write one value of a figure."""
    if name in _TIMES:
        return time(found)
    return f"{found:.2f}" if name.endswith("ratio") else f"{found:,.0f}"


def shown(figure: Figure) -> str:
    """Write a figure in one line."""
    told = ", ".join(f"{NAMES.get(n, n)} {value(n, v)}" for n, v in figure.values.items())
    return f"{figure.subject}: {figure.what}: {told}"
