"""Render the tables of `spec/` as Markdown, for the regions of the chapters."""

from collections.abc import Mapping

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.markdown import breakable
from tools.sources.specification import Specification, table_rows
from tools.sources.values import scalar
from tools.tables.auth_file import auth_tables
from tools.tables.billing import billing_table
from tools.tables.cell_pages import cell_tables
from tools.tables.features import features_table
from tools.tables.policy import policy_table
from tools.tables.recovery import recovery_regions
from tools.tables.references import reference_tables
from tools.tables.states import state_regions

Row = Mapping[str, Json]


def region_contents(spec: Specification) -> Mapping[str, str]:
    """Render every generated region of the chapters."""
    return {
        **recovery_regions(table_rows(spec, "recovery")),
        "hints": _hints(_data(spec, "hints")),
        "hint-forms": _hint_forms(_data(spec, "hints")),
        "hint-words": _hint_words(_data(spec, "hints")),
        "quota": _quota(_data(spec, "quota")),
        "in-band": _statuses(_data(spec, "in-band")),
        "events": _events(_data(spec, "events")),
        "policy": policy_table(spec),
        "registry": _registry(spec),
        "billing": billing_table(spec),
        **auth_tables(spec),
        **cell_tables(spec),
        **state_regions(spec),
        **reference_tables(spec),
        "environment": environment_table(spec, "registry/{}.yaml"),
        "aliases": _aliases_table(spec),
        "features": features_table(spec),
    }


def environment_table(spec: Specification, link: str) -> str:
    """Render one row for each credential of each provider; `link` has a place for its name."""
    header = ("provider", "credential", "variables", "header", "base URL", "payer")
    rows = []
    for name, document in spec.registry.items():
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


def _aliases_table(spec: Specification) -> str:
    """Render one row for each variable that is told and not taken."""
    header = ("provider", "variable", "source", "known", "note")
    rows = [
        (
            f"[{text(fields(document.data).get('title')) or name}](registry/{name}.yaml)",
            f"`{text(alias.get('name'))}`",
            text(alias.get("source")),
            text(alias.get("evidence")),
            text(alias.get("note")),
        )
        for name, document in spec.registry.items()
        for way in map(fields, items(fields(document.data).get("credentials")))
        for alias in map(fields, items(way.get("aliases")))
    ]
    return table(header, rows)


def _carrier(entry: Row) -> str:
    scheme = f"{text(entry.get('scheme'))} " if entry.get("scheme") else ""
    return f"{text(entry.get('header'))}: {scheme}…"


def _data(spec: Specification, name: str) -> dict[str, Json]:
    document = spec.tables.get(name)
    return fields(document.data) if document else {}


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


def _hint_words(data: Mapping[str, Json]) -> str:
    rows: list[tuple[str, str]] = []
    for kind, heading in (("units", "{} s"), ("zones", "UTC{}")):
        words = fields(data.get(kind))
        for value in dict.fromkeys(map(str, words.values())):
            named = ", ".join(f"`{word}`" for word, told in words.items() if str(told) == value)
            rows.append((named, heading.format(value)))
    return table(("word in a text", "meaning"), rows)


def _quota(data: Mapping[str, Json]) -> str:
    rendered = table(
        ("window", "what is left", "whole again at"),
        [
            (f"`{text(row.get('window') or row.get('id'))}`", _left(row), _resets(row))
            for row in (fields(row) for row in items(data.get("rows")))
        ],
    )
    return _reading(data, rendered)


def _statuses(data: Mapping[str, Json]) -> str:
    rows = [fields(row) for row in items(data.get("rows"))]
    return table(
        ("code", "status"), [(f"`{text(r.get('code'))}`", scalar(r.get("status"))) for r in rows]
    )


def _left(row: Row) -> str:
    left = {name: f"`{scalar(value)}`" for name, value in fields(row.get("left")).items()}
    match left:
        case {"pairs": header, "remaining": part, "of": whole, "unless": none}:
            return f"{part} ÷ {whole.strip('`')} in the pairs of {header}, unless {none}"
        case {"list": header, "remaining": part, "limits": other, "limit": limit}:
            return f"{part} in the list {header} ÷ {limit} in the list {other}"
        case {"used": header, "of": whole}:
            excepted = ", ".join(f"`{text(word)}`" for word in items(row.get("except")))
            return f"1 - {header} ÷ {whole.strip('`')}" + (f", not {excepted}" if excepted else "")
        case _:
            return f"{left['remaining']} ÷ {left['limit']}"


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


def _registry(spec: Specification) -> str:
    rows = []
    for name, document in spec.registry.items():
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
