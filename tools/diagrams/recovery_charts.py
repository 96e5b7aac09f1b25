"""Draw recovery: a whole call, and what each failure class leads to.

The classes, and what is done, come from the rows of `spec/tables/recovery.yaml`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, text
from tools.diagrams.flow import Arrow, Box, flow
from tools.diagrams.svg import wrap

Row = Mapping[str, Json]

_SIGNAL: Final = 40
_EFFECT: Final = 34
_EFFECTS: Final = {
    "again": ("retry", ("the same once more",)),
    "renew": ("refresh", ("refresh, then", "the same")),
    "rotate": ("rotate", ("bench it and", "select again")),
    "other": ("try-next", ("select again,", "bench nobody")),
    "fault": ("deliver", ("deliver it",)),
}
"""The effects of a failure, by the decision table's action, from left to right."""
_CALL: Final = (
    Box("call", (1, 0), ("A call",), "end"),
    Box("choose", (1, 1), ("Is an entry available", "that this call has not tried?"), "ask", 0),
    Box("send", (1, 2), ("Send the request with it",), bold=0),
    Box("reply", (1, 3), ("What came back?",), "ask", 0),
    Box("kind", (1, 4), ("Its class decides",)),
    Box("broken", (0, 3), ("Report the failed", "connection: no", "entry changes"), "end", 0),
    Box("done", (2, 3), ("Deliver it",), "end", 0),
    Box("sent", (2, 1), ("Has this call", "sent a request?"), "ask", 0),
    Box("probe", (2, 2), ("May an entry that is", "out be probed?"), "ask", 0),
    Box(
        "exhausted",
        (3, 1),
        ("Deliver the last reply;", "if all are out, say", "when the first returns"),
        "end",
        0,
    ),
    Box(
        "nothing",
        (3, 2),
        ("Exhausted: send nothing,", "and say when the first", "entry returns"),
        "end",
        0,
    ),
)
_CALL_ARROWS: Final = (
    Arrow("call", "choose"),
    Arrow("choose", "send", "yes"),
    Arrow("choose", "sent", "no"),
    Arrow("send", "reply"),
    Arrow("sent", "exhausted", "yes"),
    Arrow("sent", "probe", "no"),
    Arrow("probe", "send", "yes"),
    Arrow("probe", "nothing", "no"),
    Arrow("reply", "broken", "nothing"),
    Arrow("reply", "done", "success"),
    Arrow("reply", "kind", "failure"),
    Arrow("kind", "done", "deliver", "across"),
    Arrow("kind", "choose", "rotate", "round", 1),
    Arrow("kind", "send", "the same again", "round", 2),
)


def call_chart(*, alone: bool = True) -> str:
    """Draw the course of a call, up to the class of a failure."""
    return flow(_CALL, _CALL_ARROWS, alone=alone)


def class_chart(rows: Sequence[Row], cooldowns: Mapping[str, str], *, alone: bool = True) -> str:
    """Draw what each class leads to; `cooldowns` has the words for whom it takes out, and how long."""
    boxes, arrows = [Box("kind", (0, 0), ("The failure's class",), "ask")], []
    delivered = [row for row in rows if row.get("action") == "deliver"]
    line = 1
    for row in rows:
        if row not in delivered:
            more = list(_branch(row, line, cooldowns[text(row.get("class"))]))
            boxes += [part for part in more if isinstance(part, Box)]
            arrows += [part for part in more if isinstance(part, Arrow)]
            line = max(box.at[1] for box in boxes) + 1
    ends = list(_delivered(delivered, line))
    boxes += [part for part in ends if isinstance(part, Box)]
    arrows += [part for part in ends if isinstance(part, Arrow)]
    names = [text(row.get("class")) for row in rows]
    arrows += [Arrow("kind", name, way="round", lane=1) for name in names]
    return flow(boxes, arrows, gap=16, alone=alone)


def _class_box(row: Row, line: int) -> Box:
    name = text(row.get("class"))
    signal = text(row.get("signal")).replace("`", "")
    return Box(name, (0, line), (name, *wrap(signal, _SIGNAL)))


def _branch(row: Row, line: int, bench: str) -> Iterator[Box | Arrow]:
    name = text(row.get("class"))
    yield _class_box(row, line)
    match row.get("action"):
        case "retry":
            asked = ("Second in a row, a long hint,", "or first_429: rotate?")
            again = ("Wait for the hint;", "retry the same entry once")
            yield from _asked(name, line, asked, again, "no", "yes")
        case "refresh":
            again = ("The same entry again,", "with the new token")
            asked = ("Refresh once:", "did it work?")
            yield from _asked(name, line, asked, again, "yes", "no")
            yield Arrow(f"{name}-again", f"{name}-bench", "refused again")
        case _:
            yield Arrow(name, f"{name}-bench")
    last = line + (row.get("action") in ("retry", "refresh"))
    yield Box(f"{name}-bench", (2, last), wrap(bench, _EFFECT), "out", 0)


def _asked(
    name: str, line: int, asks: tuple[str, ...], again: tuple[str, ...], once: str, out: str
) -> Iterator[Box | Arrow]:
    """Yield the question, what is tried once more, and the arrows to both outcomes."""
    yield Box(f"{name}-asks", (1, line), asks, "ask", 0)
    yield Box(f"{name}-again", (2, line), again, "again", 0)
    yield Arrow(name, f"{name}-asks")
    yield Arrow(f"{name}-asks", f"{name}-again", once)
    yield Arrow(f"{name}-asks", f"{name}-bench", out, "under")


def _delivered(rows: Sequence[Row], line: int) -> Iterator[Box | Arrow]:
    """Yield the classes that only deliver, with one outcome for all."""
    if not rows:
        return
    middle = line + len(rows) // 2
    yield Box("deliver", (2, middle), ("Deliver it:", "no entry changes"), "end", 0)
    for at, row in enumerate(rows, start=line):
        yield _class_box(row, at)
        yield Arrow(text(row.get("class")), "deliver", way="across")


def outcome_chart(rows: Sequence[Row], *, alone: bool = True) -> str:
    """Draw a whole call, with the classes by what they lead to."""
    boxes = [
        Box(
            name,
            (column, 5),
            (*says, *_classes(rows, action)),
            "end" if name == "fault" else "step",
            len(says),
        )
        for column, (name, (action, says)) in enumerate(_EFFECTS.items())
    ]
    arrows = [Arrow("rule", box.name) for box in boxes]
    return flow([*_WHOLE, *boxes], [*_WHOLE_ARROWS, *arrows], alone=alone)


def _classes(rows: Sequence[Row], action: str) -> Iterator[str]:
    """List the classes that come to an action, at once or in the end."""
    for row in rows:
        if row.get("action") == action:
            yield text(row.get("class"))
        elif row.get("then") == action:
            yield from (f"{text(row.get('class'))},", "the second time")


_WHOLE: Final = (
    Box("begin", (2, 0), ("a request of the caller's",), "end", 0),
    Box(
        "choose",
        (2, 1),
        ("selection", "is an entry available that", "this call has not tried?"),
        "ask",
    ),
    Box(
        "out",
        (4, 1),
        ("exhausted", "the last reply,", "or a probe, or the", "next layer's turn"),
        "end",
    ),
    Box(
        "token",
        (2, 2),
        ("token", "refreshed first if it is about to", "end, by one claim and one request"),
    ),
    Box("send", (2, 3), ("send", "with its secret,", "to its own origin only")),
    Box("done", (4, 3), ("deliver", "as it comes"), "end"),
    Box("broken", (0, 3), ("report", "the connection"), "end"),
    Box("rule", (2, 4), ("classification", "the registry's first", "rule that matches"), "ask"),
)
_WHOLE_ARROWS: Final = (
    Arrow("begin", "choose"),
    Arrow("choose", "out", "no"),
    Arrow("choose", "token", "yes, by the strategy"),
    Arrow("token", "send"),
    Arrow("send", "done", "success"),
    Arrow("send", "broken", "no reply"),
    Arrow("send", "rule", "failure"),
)
