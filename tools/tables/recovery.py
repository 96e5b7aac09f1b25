"""Render the decision table: as a table for the chapter and one for a guide, and as flowcharts.

All come from the rows of `spec/tables/recovery.yaml`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.values import duration, scalar

Row = Mapping[str, Json]

_SCOPES: Final = {
    "entry": "the entry",
    "owner": "every entry of its owner",
    "model": "the entry for this model",
}
_CALL: Final = {
    "retry": "tries the same entry once more, then the next",
    "rotate": "goes on with the next at once",
    "refresh": "refreshes the token and tries the same entry again, then the next",
    "try-next": "tries the next, for this call only",
    "deliver": "gives you the reply",
}
_BOXES: Final = {
    "again": ("retry", "the same once more"),
    "renew": ("refresh", "refresh, then<br/>the same"),
    "rotate": ("rotate", "bench it and<br/>select again"),
    "other": ("try-next", "select again,<br/>bench nobody"),
    "fault": ("deliver", "deliver it"),
}
"""The effects of a failure, by the decision table's action, in the order of the chart."""
_CALL_HEAD: Final = """\
```mermaid
flowchart TB
    begin(["a request of the caller's"]) --> choose{{"<b>selection</b>: is an entry available<br/>that this call has not tried?"}}
    choose -->|no| out(["<b>exhausted</b>: the last reply, or a probe,<br/>or the next layer's turn"])
    choose -->|yes, by the strategy| token["<b>token</b>: refreshed first<br/>if it is about to end,<br/>by one claim and one request"]
    token --> send["<b>send</b>: with its secret,<br/>to its own origin only"]
    send -->|success| done(["<b>deliver</b>: as it comes"])
    send -->|no reply| broken(["<b>report</b> the connection"])
    send -->|failure| rule{{"<b>classification</b>: the registry's<br/>first rule that matches"}}"""
_SOLE: Final = "60 s if no other entry is left"
_FLOW_HEAD: Final = """\
```mermaid
flowchart TB
    call([A call]) --> choose{{"Is an entry available that this call has not tried?"}}
    choose -->|yes| send["Send the request with it"] --> reply{{"What came back?"}}
    choose -->|no| sent{{"Has this call sent a request?"}}
    sent -->|yes| exhausted["Deliver the last reply; if all are out, say when the first returns"]
    sent -->|no| probe{{"May an entry that is out be probed?"}}
    probe -->|yes| send
    probe -->|no| nothing["Exhausted: send nothing, and say when the first entry returns"]
    exhausted & nothing --> fallback(["The caller's fallback, the next layer"])
    reply -->|nothing| broken(["Report the failed connection: no entry changes"])
    reply -->|success| done(["Deliver it"])
    reply -->|failure| kind[["Its class decides"]]
    kind -->|rotate| choose
    kind -->|same entry again| send
    kind -->|deliver| done
```

```mermaid
flowchart LR
    kind{{"The failure's class"}}"""


def recovery_regions(rows: Sequence[Row]) -> Mapping[str, str]:
    """Render the regions of the chapter on recovery."""
    return {
        "decision-table": _decision_table(rows),
        "flowchart": "\n".join([_FLOW_HEAD, *_flow(rows), "```"]),
    }


def recovery_note(rows: Sequence[Row]) -> str:
    """Render what a failure means for a user: one row for each class."""
    shown = [
        (
            text(row.get("signal")),
            f"`{text(row.get('class'))}`",
            _CALL.get(text(row.get("action")), ""),
            _rests(row),
        )
        for row in rows
    ]
    return table(("the provider says", "class", "the call", "the entry"), shown) + "\n"


def outcomes(rows: Sequence[Row]) -> str:
    """Draw a whole call, with the classes by what they lead to."""
    boxes = [f'    rule --> {name}("{_box(rows, *asked)}")' for name, asked in _BOXES.items()]
    return "\n".join([_CALL_HEAD, *boxes, "```"])


def _box(rows: Sequence[Row], action: str, says: str) -> str:
    """Say what is done, and list the classes that come to it, at once or in the end."""
    names = [
        text(row.get("class")) + (", the second time" if row.get("then") == action else "")
        for row in rows
        if action in (row.get("action"), row.get("then"))
    ]
    return f"<b>{says}</b><br/>{'<br/>'.join(names)}"


def _rests(row: Row) -> str:
    """Say how long whom a failure takes out, at most in a few words."""
    cooldown = row.get("cooldown")
    if cooldown is None:
        return "keeps its place"
    if cooldown == "forever":
        return "is dead until somebody logs in again"
    whom = {"owner": "rests with its owner's others", "model": "rests for this model"}
    rests = whom.get(text(row.get("scope")), "rests")
    after = ", if that fails," if row.get("action") == "refresh" else ""
    until = " as long as the provider says, or" if row.get("hint") else ""
    sole = f" ({_SOLE})" if row.get("action") == "retry" else ""
    return f"{rests}{after}{until} {duration(cooldown)}{sole}"


def _decision_table(rows: Sequence[Row]) -> str:
    header = ("class", "typical signal", "action", "then", "cooldown without a hint")
    return table(
        (*header, "hint replaces it", "scope", "if broken"),
        [
            (
                f"`{text(row.get('class'))}`",
                text(row.get("signal")),
                scalar(row.get("action")),
                scalar(row.get("then")),
                duration(row.get("cooldown")),
                _listens(row),
                scalar(row.get("scope")),
                text(row.get("broken")),
            )
            for row in rows
        ],
    )


def _listens(row: Row) -> str:
    """Say whose hint counts; a refresh that fails has one of its own."""
    if not row.get("cooldown"):
        return "—"
    return "the token endpoint's" if row.get("action") == "refresh" else scalar(row.get("hint"))


def _flow(rows: Sequence[Row]) -> Iterator[str]:
    delivered = [row for row in rows if row.get("action") == "deliver"]
    for row in rows:
        if row not in delivered:
            yield from _flow_row(row)
    if delivered:
        signals = "<br/>".join(_signal(row) for row in delivered)
        yield f'    kind --> fault["{signals}"] --> deliver(["Deliver it: no entry changes"])'


def _flow_row(row: Row) -> Iterator[str]:
    name = text(row.get("class"))
    yield f'    kind --> {name}["{_signal(row)}"]'
    bench = f'{name}_bench(["{_bench(row)}"])'
    match row.get("action"):
        case "retry":
            yield f'    {name} --> {name}_if{{{{"Second in a row for this entry, a long hint, or first_429: rotate?"}}}}'
            again = f'{name}_again(["Wait for the hint; retry the same entry once"])'
            yield f"    {name}_if -->|no| {again}"
            yield f"    {name}_if -->|yes| {bench}"
        case "refresh":
            yield f'    {name} --> {name}_if{{{{"Refresh once: did it work?"}}}}'
            again = f'{name}_again(["The same entry again, with the new token"])'
            yield f"    {name}_if -->|yes| {again}"
            yield f"    {name}_if -->|no| {bench}"
            yield f"    {name}_again -->|refused again| {name}_bench"
        case _:
            yield f"    {name} --> {bench}"


def _bench(row: Row) -> str:
    cooldown = row.get("cooldown")
    if cooldown is None:
        return "Another entry, for this call only; nobody is benched"
    if cooldown == "forever":
        return "Mark it dead until re-authenticated; rotate at once"
    hint = {"refresh": ", or the token endpoint's hint"}.get(text(row.get("action")), "")
    until = duration(cooldown) + (", or the hint" if row.get("hint") else hint)
    until += f", {_SOLE} and there is no hint" if row.get("action") == "retry" else ""
    scope = text(row.get("scope"))
    how = "rotate" if row.get("then") else "rotate at once"
    return f"Bench {_SCOPES.get(scope, scope)} for {until}; {how}"


def _signal(row: Row) -> str:
    signal = text(row.get("signal")).replace('"', "#quot;").replace("`", "")
    return f"<b>{text(row.get('class'))}</b><br/>{signal}"
