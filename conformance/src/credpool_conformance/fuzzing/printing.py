"""Write a history as a scenario of the suite's own form, ready to be pasted into a file."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from credpool_conformance.fuzzing.comparison import Difference
from credpool_conformance.fuzzing.fuzz import Found
from credpool_conformance.fuzzing.history import Raw
from credpool_conformance.json_values import Json

_WIDTH: Final = 100
_ORDER: Final = (
    *("attempts", "wire", "waits", "outcome", "reply", "exhausted", "headers", "state", "counts"),
    *("listing", "events"),
)


def as_scenario(found: Found) -> dict[str, Json]:
    """Write a scenario that expects what the first side showed; what it verifies is for people."""
    history, counted = found.played.history, "counts" in found.difference.aspects
    phases: list[Json] = [
        {**phase, "expect": _ordered(told, counted=counted)}
        for phase, told in zip(history.phases, found.played.expected, strict=False)
    ]
    features: list[Json] = [*history.features]
    return {
        "id": f"fuzz-{found.seed}",
        "title": "TODO: what must happen here",
        "verifies": ["todo.name-the-requirement+1"],
        **({"features": features} if features else {}),
        "consequence": "TODO: what a user suffers otherwise",
        "given": {**history.given},
        "upstream": {**history.upstream},
        "phases": phases,
    }


def written(scenario: Mapping[str, Json]) -> str:
    """Write a scenario as YAML, one short thing on a line."""
    return yaml.dump(
        {"schema": 1, "scenarios": [_flowing({**scenario})]},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )


def told(difference: Difference) -> Iterator[str]:
    """Say what differs, a line for each aspect."""
    if difference.alone:
        yield f"{difference.alone} alone, in phase {difference.phase}:"
    else:
        yield f"phase {difference.phase}:"
    for place, aspect in enumerate(difference.aspects):
        wanted, found = difference.expected[place : place + 1], difference.actual[place : place + 1]
        yield f"  {aspect}"
        yield from (f"    A: {json.dumps(one, ensure_ascii=False)}" for one in wanted)
        yield from (f"    B: {json.dumps(one, ensure_ascii=False)}" for one in found)


def _ordered(expected: Raw, *, counted: bool) -> dict[str, Json]:
    return {k: expected[k] for k in _ORDER if k in expected and (counted or k != "counts")}


class _Flow(dict[str, Json]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes short values in one line, and the skeleton in several."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (a signature of yaml's)
        return True


_Dumper.add_representer(
    _Flow,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True),
)


class _FlowList(list[Json]):
    """A list that is written on one line."""


_Dumper.add_representer(
    _FlowList,
    lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True),
)


def _flowing(value: Json, depth: int = 0) -> Json:
    short = len(json.dumps(value)) < _WIDTH - 12
    match value:
        case dict():
            made = {key: _flowing(item, depth + 1) for key, item in value.items()}
            return _Flow(made) if short and depth > 1 else made
        case list():
            listed = [_flowing(item, depth + 1) for item in value]
            return _FlowList(listed) if short and depth > 0 else listed
        case _:
            return value
