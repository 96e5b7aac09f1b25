"""Compare what was expected with what was seen, in a closed world with explicit latitude.

`*` any; `{one_of: […]}`; `{unordered: […]}`; `{starts_with: […]}`.  In a phrase, each word may be `*`.
"""

from credpool_conformance.book.yaml_lines import Json

ANY = "*"


def matches(expected: Json, actual: Json) -> bool:  # noqa: PLR0911 (a table)
    """Tell whether what was seen is what was expected."""
    match expected:
        case "*":
            return True
        case {"one_of": list(choices)}:
            return any(matches(choice, actual) for choice in choices)
        case {"unordered": list(wanted)}:
            return isinstance(actual, list) and _unordered(wanted, actual)
        case {"starts_with": list(wanted)}:
            return isinstance(actual, list) and _list(wanted, actual[: len(wanted)])
        case list(wanted):
            return isinstance(actual, list) and _list(wanted, actual)
        case dict(wanted):
            return isinstance(actual, dict) and _mapping(wanted, actual)
        case str(wanted):
            return isinstance(actual, str) and _phrase(wanted, actual)
        case bool() | None:
            return actual is expected
        case _:
            is_number = isinstance(actual, int | float) and not isinstance(actual, bool)
            return is_number and seconds(expected) == seconds(actual)


def seconds(value: Json) -> str:
    """Write seconds to the millisecond, so that floating point makes no difference."""
    return f"{round(float(value), 3) + 0:.12g}" if isinstance(value, int | float) else "?"


def _list(wanted: list[Json], actual: list[Json]) -> bool:
    return len(wanted) == len(actual) and all(map(matches, wanted, actual))


def _unordered(wanted: list[Json], actual: list[Json]) -> bool:
    if len(wanted) != len(actual):
        return False
    if not wanted:
        return True
    first, *rest = wanted
    return any(
        matches(first, item) and _unordered(rest, actual[:index] + actual[index + 1 :])
        for index, item in enumerate(actual)
    )


def _mapping(wanted: dict[str, Json], actual: dict[str, Json]) -> bool:
    return wanted.keys() == actual.keys() and all(matches(wanted[k], actual[k]) for k in wanted)


def _phrase(wanted: str, actual: str) -> bool:
    words, found = wanted.split(), actual.split()
    return len(words) == len(found) and all(map(_word, words, found))


def _word(wanted: str, actual: str) -> bool:
    if wanted in (ANY, actual):
        return True
    if not wanted.startswith("+") or not actual.startswith("+"):
        return False
    try:
        return seconds(float(wanted)) == seconds(float(actual))
    except ValueError:
        return False
