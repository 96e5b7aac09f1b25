"""Compare what was expected with what was seen, in a closed world with explicit latitude.

`*` any; `{one_of: […]}`; `{unordered: […]}`; `{starts_with: […]}`.  In a phrase, each word may be `*`.
"""

from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json

ANY: Final = "*"
_MOMENTS: Final = ("returns",)
"""Keys whose number is a moment, as seconds from now."""
_EPOCHS: Final = 1e9
"""Above it, a number is a moment as seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Compare, and let a moment be some seconds earlier or later than expected.

    A moment is told as seconds from the end of a phase, so time that passes after it has begun
    (a pause of the pool's own, or the machine's clock) makes it earlier.
    """

    early: float = 0.0
    late: float = 0.0

    def matches(self, expected: Json, actual: Json) -> bool:  # noqa: PLR0911 (a table)
        """Tell whether what was seen is what was expected."""
        match expected:
            case "*":
                return True
            case {"one_of": list(choices)}:
                return any(self.matches(choice, actual) for choice in choices)
            case {"unordered": list(wanted)}:
                return isinstance(actual, list) and self._unordered(wanted, actual)
            case {"starts_with": list(wanted)}:
                return isinstance(actual, list) and self._list(wanted, actual[: len(wanted)])
            case list(wanted):
                return isinstance(actual, list) and self._list(wanted, actual)
            case dict(wanted):
                return isinstance(actual, dict) and self._mapping(wanted, actual)
            case str(wanted):
                return isinstance(actual, str) and self._phrase(wanted, actual)
            case bool() | None:
                return actual is expected
            case _:
                is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
                return is_number and seconds(expected) == seconds(actual)

    def _list(self, wanted: list[Json], actual: list[Json]) -> bool:
        return len(wanted) == len(actual) and all(map(self.matches, wanted, actual))

    def _unordered(self, wanted: list[Json], actual: list[Json]) -> bool:
        if len(wanted) != len(actual):
            return False
        if not wanted:
            return True
        first, *rest = wanted
        return any(
            self.matches(first, item)
            and self._unordered(rest, actual[:index] + actual[index + 1 :])
            for index, item in enumerate(actual)
        )

    def _mapping(self, wanted: dict[str, Json], actual: dict[str, Json]) -> bool:
        return wanted.keys() == actual.keys() and all(
            self._value(key, wanted[key], actual[key]) for key in wanted
        )

    def _value(self, key: str, wanted: Json, actual: Json) -> bool:
        match wanted, actual:
            case (int() | float(), int() | float()) if key in _MOMENTS or wanted > _EPOCHS:
                return self._moment(float(wanted), float(actual))
            case _:
                return self.matches(wanted, actual)

    def _phrase(self, wanted: str, actual: str) -> bool:
        words, found = wanted.split(), actual.split()
        return len(words) == len(found) and all(map(self._word, words, found))

    def _word(self, wanted: str, actual: str) -> bool:
        if wanted in (ANY, actual):
            return True
        if not wanted.startswith("+") or not actual.startswith("+"):
            return False
        try:
            return self._moment(float(wanted), float(actual))
        except ValueError:
            return False

    def _moment(self, wanted: float, actual: float) -> bool:
        if seconds(wanted) == seconds(actual):
            return True
        return -self.early <= round(actual - wanted, 3) <= self.late and bool(
            self.early or self.late
        )


def matches(expected: Json, actual: Json) -> bool:
    """Tell whether what was seen is exactly what was expected."""
    return Matcher().matches(expected, actual)


def seconds(value: Json) -> str:
    """Write seconds to the millisecond, so that floating point makes no difference."""
    return f"{round(float(value), 3) + 0:.12g}" if isinstance(value, int | float) else "?"
