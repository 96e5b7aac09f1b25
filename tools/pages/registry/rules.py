"""Render the rules of a provider: how a reply is recognised, and what it leads to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.evidence import EVIDENCE
from tools.sources.values import duration, scalar
from tools.tables.recovery import CALLS

Row = Mapping[str, Json]

COMPLETED: Final = (
    "**Partly ours:** not all of this reply is the provider's; the source says what is."
)
_AS_OF: Final = {
    "documented": "the document is of",
    "captured": "the capture is of, or was read on,",
    "reported": "the report is of",
}
_CONDITIONS: Final = {
    "status": "the status is",
    "code": "a code is",
    "message": "the message contains",
    "quota": "a quota is",
    "auth_type": "the entry's type is",
}
_SCOPES: Final = {
    "entry": "the entry",
    "owner": "every entry of its owner",
    "model": "the entry, for this model",
    "owner-model": "every entry of its owner, for this model",
}


def rules_overview(rules: Sequence[Row], recovery: Mapping[str, Row]) -> str:
    """Render one line for each rule, in the order in which they apply."""
    rows = [
        (
            f"[{text(rule.get('id'))}](#{text(rule.get('id'))})",
            scalar(
                fields(rule.get("when")).get("status") or fields(rule.get("example")).get("status")
            ),
            f"`{text(rule.get('class'))}`",
            CALLS.get(text(recovery.get(text(rule.get("class")), {}).get("action")), ""),
            _out(rule, recovery.get(text(rule.get("class")), {})),
        )
        for rule in rules
    ]
    return table(("reply", "status", "class", "the call", "who is out, and how long"), rows)


def rule_section(provider: str, rule: Row, recovery: Mapping[str, Row]) -> Iterator[str]:
    """Render a rule with its example, which the Explorer plays, and its source."""
    row = recovery.get(text(rule.get("class")), {})
    yield f"### {scalar(rule.get('id'))}"
    yield f"`{scalar(rule.get('class'))}` when {_when(fields(rule.get('when')))}."
    does, out = CALLS.get(text(row.get("action"))), _out(rule, row)
    follows = [*([f"The call {does}."] if does else []), *([f"Out: {out}."] if out else [])]
    if follows:
        yield "\n".join(follows)
    if rule.get("hint") is not None:
        yield f"Hint: {scalar(rule.get('hint'))}."
    if rule.get("note"):
        yield text(rule.get("note"))
    known = EVIDENCE.get(text(rule.get("evidence")), "")
    as_of = _AS_OF.get(text(rule.get("evidence")), "as of")
    yield f"Source: {scalar(rule.get('source'))} ({known}); {as_of} {scalar(rule.get('verified'))}."
    example = fields(rule.get("example"))
    if example.get("completed"):
        yield COMPLETED
    if example:
        yield _example(example)
        there = f"../../../explorer/#explain/{provider}/{scalar(rule.get('id'))}"
        yield f'<a href="{there}">Try it in the Explorer</a>'


def _out(rule: Row, row: Row) -> str:
    """Say whom a reply takes out, and for how long."""
    cooldown = rule.get("cooldown") or row.get("cooldown")
    if not cooldown:
        return ""
    whom = _SCOPES.get(text(rule.get("scope") or row.get("scope")), "the entry")
    lasts = duration(cooldown)
    hinted = row.get("hint") and rule.get("hint") != "none"
    return f"{whom}, {lasts}" + (", or as long as the reply says" if hinted else "")


def _when(when: Row) -> str:
    conditions = []
    for name, wanted in when.items():
        if isinstance(wanted, dict):
            conditions += [_header(header, value) for header, value in wanted.items()]
        else:
            conditions.append(f"{_CONDITIONS.get(name, name)} {_any_of(wanted)}")
    return " and ".join(conditions)


def _header(name: str, wanted: Json) -> str:
    if isinstance(wanted, bool):
        return f"there is {'a' if wanted else 'no'} header `{name}`"
    return f"the header `{name}` is {_any_of(wanted)}"


def _any_of(wanted: Json) -> str:
    return " or ".join(f"`{scalar(value)}`" for value in items(wanted))


def _example(example: Row) -> str:
    head = [f"HTTP/1.1 {scalar(example.get('status'))}"]
    head += [f"{name}: {scalar(value)}" for name, value in fields(example.get("headers")).items()]
    body = example.get("body")
    if body is not None:
        shown = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
        head += ["", shown]
    return "\n".join(["```http", *head, "```"])
