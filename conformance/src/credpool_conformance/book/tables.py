"""Render the tables of `spec/` as Markdown and as a flowchart, for the regions of the chapters.

The decision table and the flowchart come from the same rows of `spec/tables/recovery.yaml`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.book.auth_file import auth_tables
from credpool_conformance.book.billing import billing_table
from credpool_conformance.book.features import features_table
from credpool_conformance.book.markdown import breakable, table
from credpool_conformance.book.references import reference_tables
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import Json, fields, items, text

Row = Mapping[str, Json]

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SHORT: Final = 2  # below this many of a unit the next smaller one reads better: 24 h, not 1 d
_SCOPES: Final = {
    "entry": "the entry",
    "owner": "every entry of its owner",
    "model": "the entry for this model",
}
_FLOW_HEAD: Final = """\
```mermaid
flowchart TB
    call([A call]) --> choose{{"Is an entry available that this call has not tried?"}}
    choose -->|yes| send["Send the request with it"] --> reply{{"What came back?"}}
    choose -->|no| exhausted["Exhausted: deliver the last reply, say when the first entry returns"]
    exhausted --> fallback(["The caller's fallback, the next layer"])
    reply -->|success| done(["Deliver it"])
    reply -->|failure| kind[["Its class decides"]]
    kind -->|rotate| choose
    kind -->|same entry again| send
    kind -->|deliver| done
```

```mermaid
flowchart LR
    kind{{"The failure's class"}}"""


def region_contents(book: Book) -> Mapping[str, str]:
    """Render every generated region of the chapters."""
    rows = [fields(row) for row in items(_data(book, "recovery").get("rows"))]
    return {
        "decision-table": _decision_table(rows),
        "flowchart": "\n".join([_FLOW_HEAD, *_flow(rows), "```"]),
        "hints": _hints(_data(book, "hints")),
        "hint-forms": _hint_forms(_data(book, "hints")),
        "quota": _quota(_data(book, "quota")),
        "events": _events(_data(book, "events")),
        "registry": _registry(book),
        "billing": billing_table(book),
        **auth_tables(book),
        **reference_tables(book),
        "environment": environment_table(book, "registry/{}.yaml"),
        "features": features_table(book),
    }


def environment_table(book: Book, link: str) -> str:
    """Render one row for each credential of each provider; `link` has a place for its name."""
    header = ("provider", "credential", "variables", "header", "base URL", "payer")
    rows = []
    for name, document in book.registry.items():
        data = fields(document.data)
        for entry in map(fields, items(data.get("credentials"))):
            base = entry.get("base_url") or data.get("base_url")
            rows.append(
                (
                    f"[{text(data.get('title')) or name}]({link.format(name)})",
                    scalar(entry.get("auth_type")),
                    ", ".join(f"`{scalar(v)}`" for v in items(entry.get("env"))) or "none",
                    f"`{_carrier(entry)}`",
                    breakable(scalar(base)) if base else "the entry's own",
                    scalar(entry.get("payer")),
                )
            )
    return table(header, rows)


def _carrier(entry: Row) -> str:
    scheme = f"{text(entry.get('scheme'))} " if entry.get("scheme") else ""
    return f"{text(entry.get('header'))}: {scheme}…"


def duration(value: Json) -> str:
    """Write a cooldown as people say it."""
    if not isinstance(value, int | float):
        return "until re-authenticated" if value == "forever" else "—"
    for seconds, unit in _UNITS:
        if value % seconds == 0 and (value >= _SHORT * seconds or unit != "d"):
            return f"{value // seconds:g} {unit}"
    return f"{value:g} s"


def scalar(value: Json) -> str:
    """Write a value of a table's cell."""
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(scalar(item) for item in value)
        case dict():
            return ", ".join(f"{key}: {scalar(item)}" for key, item in value.items())
        case _:
            return str(value)


def _data(book: Book, name: str) -> dict[str, Json]:
    document = book.tables.get(name)
    return fields(document.data) if document else {}


def _decision_table(rows: list[dict[str, Json]]) -> str:
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
                scalar(row.get("hint")) if row.get("cooldown") else "—",
                scalar(row.get("scope")),
                text(row.get("broken")),
            )
            for row in rows
        ],
    )


def _flow(rows: list[dict[str, Json]]) -> Iterator[str]:
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
            asked = "Second in a row for this entry, a long hint, or first_429: rotate?"
            yield f'    {name} --> {name}_if{{{{"{asked}"}}}}'
            again = f'{name}_again(["Wait for the hint; retry the same entry once"])'
            yield f"    {name}_if -->|no| {again}"
            yield f"    {name}_if -->|yes| {bench}"
        case "refresh":
            yield f'    {name} --> {name}_if{{{{"Refresh once: did it work?"}}}}'
            again = f'{name}_again(["The same entry again, with the new token"])'
            yield f"    {name}_if -->|yes| {again}"
            yield f"    {name}_if -->|no| {bench}"
        case _:
            yield f"    {name} --> {bench}"


def _bench(row: Row) -> str:
    cooldown = row.get("cooldown")
    if cooldown is None:
        return "Another entry, for this call only; nobody is benched"
    if cooldown == "forever":
        return "Mark it dead until re-authenticated; rotate at once"
    until = duration(cooldown) + (", or the hint" if row.get("hint") else "")
    scope = text(row.get("scope"))
    how = "rotate" if row.get("then") else "rotate at once"
    return f"Bench {_SCOPES.get(scope, scope)} for {until}; {how}"


def _signal(row: Row) -> str:
    signal = text(row.get("signal")).replace('"', "#quot;").replace("`", "")
    return f"<b>{text(row.get('class'))}</b><br/>{signal}"


def _reading(data: Mapping[str, Json], rendered: str) -> str:
    """Put the sentences that say how a table's rows are read before the table."""
    sentences = [f"- {text(sentence)}" for sentence in items(data.get("reading"))]
    return "\n".join([*sentences, "", rendered]) if sentences else rendered


def _hints(data: Mapping[str, Json]) -> str:
    rows = [fields(row) for row in items(data.get("rows"))]
    rendered = table(
        ("order", "hint", "found in", "read as"),
        [
            (str(order), f"`{text(row.get('id'))}`", _hint_place(row), scalar(row.get("form")))
            for order, row in enumerate(rows, start=1)
        ],
    )
    return _reading(data, rendered)


def _hint_forms(data: Mapping[str, Json]) -> str:
    forms = fields(data.get("forms"))
    return table(("form", "meaning"), [(f"`{name}`", text(says)) for name, says in forms.items()])


def _quota(data: Mapping[str, Json]) -> str:
    rendered = table(
        ("window", "what is left", "whole again at"),
        [
            (f"`{text(row.get('id'))}`", _left(fields(row.get("left"))), _resets(row))
            for row in (fields(row) for row in items(data.get("rows")))
        ],
    )
    return _reading(data, rendered)


def _left(left: Row) -> str:
    if "used" in left:
        return f"1 - `{text(left.get('used'))}` ÷ {scalar(left.get('of'))}"
    return f"`{text(left.get('remaining'))}` ÷ `{text(left.get('limit'))}`"


def _resets(row: Row) -> str:
    resets = [fields(reset) for reset in items(row.get("reset"))]
    return ", or ".join(f"`{text(r.get('name'))}` ({text(r.get('form'))})" for r in resets)


def _events(data: Mapping[str, Json]) -> str:
    return table(
        ("event", "when", "fields", "requirement"),
        [
            (
                f"`{text(row.get('event'))}`",
                text(row.get("when")),
                "<br/>".join(f"`{k}`: {text(v)}" for k, v in fields(row.get("fields")).items()),
                f"`{text(row.get('requirement'))}`",
            )
            for row in (fields(row) for row in items(data.get("rows")))
        ],
    )


def _hint_place(row: Row) -> str:
    match row.get("where"):
        case "header" if row.get("windows"):
            return _hint_windows(row)
        case "header":
            return f"the header `{text(row.get('name'))}`"
        case "body":
            return f"the body's `{text(row.get('path'))}`"
        case _:
            return f"a message like `{text(row.get('pattern'))}`"


def _hint_windows(row: Row) -> str:
    windows = [fields(window) for window in items(row.get("windows"))]
    pairs = ", ".join(f"`{text(w.get('reset'))}` (state `{text(w.get('state'))}`)" for w in windows)
    spent = scalar(row.get("spent")).removeprefix("is:").replace("_", " ").replace(":", "")
    otherwise = "nothing" if row.get("otherwise") == "none" else "the largest of all"
    return f"the largest of {pairs} whose state is {spent.strip()}; if none is, {otherwise}"


def _registry(book: Book) -> str:
    rows = []
    for name, document in book.registry.items():
        data = fields(document.data)
        rules = [fields(rule) for rule in items(data.get("rules"))]
        payers = dict.fromkeys(
            f"{text(entry.get('auth_type'))} ({text(entry.get('payer'))})"
            for entry in map(fields, items(data.get("credentials")))
        )
        classes = dict.fromkeys(f"`{text(rule.get('class'))}`" for rule in rules)
        title = text(data.get("title"))
        link = f"[`{name}`](registry/{name}.yaml)"
        rows.append((link, title, ", ".join(payers), str(len(rules)), ", ".join(classes)))
    return table(("provider", "name", "credentials (payer)", "rules", "classes told apart"), rows)
