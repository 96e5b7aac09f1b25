"""Render the decision table: as a table for the chapter and one for a guide, and as drawings.

All come from the rows of `spec/tables/recovery.yaml`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, text
from credpool_conformance.reporting.formats.markdown import table
from tools.diagrams.recovery_charts import call_chart, class_chart, outcome_chart
from tools.sources.values import duration, scalar

Row = Mapping[str, Json]

_SCOPES: Final = {
    "entry": "the entry",
    "owner": "every entry of its owner",
    "model": "the entry for this model",
}
CALLS: Final = {
    "retry": "tries the same entry once more, then the next",
    "rotate": "goes on with the next at once",
    "refresh": "refreshes the token and tries the same entry again, then the next",
    "try-next": "tries the next, for this call only",
    "deliver": "gives you the reply",
}
_SOLE: Final = "60 s if no other entry is left"


def recovery_regions(rows: Sequence[Row]) -> Mapping[str, str]:
    """Render the regions of the chapter on recovery."""
    return {"decision-table": _decision_table(rows)}


def recovery_drawings(rows: Sequence[Row]) -> Mapping[str, str]:
    """Draw the course of a call, what each class leads to, and both in one; by their names."""
    if not rows:
        return {}
    benched = {text(row.get("class")): _bench(row) for row in rows}
    return {
        "call": call_chart(),
        "classes": class_chart(rows, benched),
        "whole-call": outcome_chart(rows),
    }


def recovery_note(rows: Sequence[Row]) -> str:
    """Render what a failure means for a user: one row for each class."""
    shown = [
        (
            text(row.get("signal")),
            f"`{text(row.get('class'))}`",
            CALLS.get(text(row.get("action")), ""),
            _rests(row),
        )
        for row in rows
    ]
    return table(("the provider says", "class", "the call", "the entry"), shown) + "\n"


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
