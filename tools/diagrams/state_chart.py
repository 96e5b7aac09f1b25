"""Draw the states of an entry: a lane for each state, and an arrow for each change."""

from collections.abc import Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, items, text
from tools.diagrams.sequence import Message, sequence

_LANES: Final = {
    "none": "not in the pool",
    "available": "available",
    "out": "out",
    "dead": "dead",
}


def state_chart(edges: Sequence[Mapping[str, Json]], *, alone: bool = True) -> str:
    """Draw the edges of `spec/tables/states.yaml`, one below the other."""
    steps = [
        Message(_LANES[text(source)], _LANES[text(edge.get("to"))], text(edge.get("says")))
        for edge in edges
        for source in items(edge.get("from"))
    ]
    return sequence([*_LANES.values()], steps, most=30, alone=alone)
