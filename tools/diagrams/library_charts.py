"""Draw the library: where credentials come from, one call step by step, its layers, and `decide`."""

from collections.abc import Sequence
from typing import Final

from tools.diagrams.flow import Arrow, Box, flow
from tools.diagrams.sequence import Message, sequence

_IDEA: Final = (
    Box("state", (0, 0), ("state", "what each entry is good for")),
    Box("event", (0, 1), ("event", "a call begins, a reply came")),
    Box("now", (0, 2), ("now, draw", "time and chance, as values")),
    Box("decide", (1, 1), ("decide",), "ask"),
    Box("next", (2, 0), ("the next state",)),
    Box("action", (2, 1), ("action", "send, wait, refresh, deliver")),
    Box("store", (3, 0), ("the store", "keeps it"), "end", 0),
    Box("driver", (3, 1), ("the driver", "performs it"), "end", 0),
)
_IDEA_ARROWS: Final = (
    Arrow("state", "decide", way="across"),
    Arrow("event", "decide"),
    Arrow("now", "decide", way="across"),
    Arrow("decide", "next", way="under"),
    Arrow("decide", "action"),
    Arrow("next", "store"),
    Arrow("action", "driver"),
)
_FOUND: Final = (
    Box("env", (0, 0), ("variables,", ".env"), bold=0),
    Box("tools", (1, 0), ("other tools'", "logins"), bold=0),
    Box("config", (2, 0), ("config.yaml:", "custom endpoints"), bold=0),
    Box("seeding", (1, 1), ("seeding", "what is there is borrowed,", "and not kept")),
    Box("login", (0, 2), ("logins, and", "keys in code"), bold=0),
    Box("state", (1, 2), ("the pool, a value", "entries, cooldowns, claims")),
    Box("store", (2, 2), ("store", "auth.json, memory,", "or your own")),
    Box("people", (0, 1), ("a person: list, add,", "remove, reset, strategy"), "end", 0),
    Box("each", (1, 3), ("each call", "of each client, thread", "and process")),
    Box("out", (2, 3), ("exhausted", "the last reply, why, and", "when the first returns"), "end"),
    Box("done", (1, 4), ("the reply,", "streamed as it comes"), "end", 0),
    Box("next", (2, 4), ("the next layer:", "another provider"), "end", 0),
)
_FOUND_ARROWS: Final = (
    Arrow("env", "seeding"),
    Arrow("tools", "seeding"),
    Arrow("config", "seeding"),
    Arrow("seeding", "state"),
    Arrow("login", "state"),
    Arrow("state", "store", "kept"),
    Arrow("people", "state"),
    Arrow("state", "each"),
    Arrow("each", "out", "all are out"),
    Arrow("each", "done", "answered"),
    Arrow("out", "next"),
)
_LANES: Final = ("caller", "PoolAuth", "pool", "store", "provider")
_CALL: Final = (
    Message("caller", "PoolAuth", "request"),
    Message("PoolAuth", "pool", "which entry?"),
    Message("pool", "PoolAuth", "a", dashed=True),
    Message("PoolAuth", "provider", "with a's secret"),
    Message("provider", "PoolAuth", "429, usage_limit_reached, resets in 40 min", dashed=True),
    Message("PoolAuth", "pool", "a was refused, so"),
    Message("pool", "store", "a is out for 40 min"),
    Message("store", "pool", "durable", dashed=True),
    Message("pool", "PoolAuth", "go on with b", dashed=True),
    Message("PoolAuth", "provider", "with b's secret"),
    Message("provider", "PoolAuth", "200", dashed=True),
    Message("PoolAuth", "caller", "the reply, as it arrives", dashed=True),
)


def idea_chart() -> str:
    """Draw `decide`: what goes in, and what comes out."""
    return flow(_IDEA, _IDEA_ARROWS)


def credentials_chart() -> str:
    """Draw the way from a credential to a call."""
    return flow(_FOUND, _FOUND_ARROWS)


def one_call_chart() -> str:
    """Draw one call that rotates, step by step."""
    return sequence(_LANES, _CALL, most=44)


def layers_chart(layers: Sequence[str]) -> str:
    """Draw layers, each above those that it may import, with the modules of a layer side by side."""
    named = [" · ".join(name.strip(" ()") for name in layer.split("|")) for layer in layers]
    boxes = [Box(str(row), (0, row), (name,), bold=0) for row, name in enumerate(named)]
    arrows = [Arrow(str(row), str(row + 1)) for row in range(len(named) - 1)]
    return flow(boxes, arrows, gap=15)
