"""Write a rule with its example into a provider's file, above its other rules."""

import json
import re
from collections.abc import Iterator
from typing import Final

from credpool.cli.replies.as_rule import conditions, rule_id
from credpool.model.terms import FailureClass
from credpool.providers.hints import read_hint
from credpool.providers.reply import Reply
from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.scenario import Reply as Scripted
from credpool_conformance.scenarios.script import render
from tools.lints.rules import LEFT
from tools.scaffold.report import Report

NOW: Final = 1795392000.0
"""The moment of the registry's examples: 2026-11-23T00:00:00Z."""

_RULES: Final = re.compile(r"^rules:[ \t]*(\[\])?[ \t]*$", re.MULTILINE)
_ID: Final = re.compile(r"^  - id: (\S+)$", re.MULTILINE)


def with_rule(source: str, report: Report, failure: str, told: str | None) -> tuple[str, str]:
    """Return a provider's file with a rule for the report above the others, and the rule's id.

    Raises:
        ValueError: the file has no rules.
    """
    found = _RULES.search(source)
    if found is None:
        raise ValueError("there is no line `rules:`")
    name = _free(rule_id(_reply(report), FailureClass(failure)), _ID.findall(source))
    written = "\n".join(_lines(report, name, failure, told))
    return f"{source[: found.start()]}rules:\n{written}{source[found.end() :]}", name


def _lines(report: Report, name: str, failure: str, told: str | None) -> Iterator[str]:
    reply = _reply(report)
    when = ", ".join(f"{key}: {_flow(value)}" for key, value in conditions(reply).items())
    hint = read_hint(_filled(report), None, now=NOW)
    yield f"  - id: {name}"
    yield f"    when: {{{when}}}"
    yield f"    class: {failure}"
    yield f"    source: {_flow(f'{told or LEFT}; what is personal was replaced')}"
    yield "    evidence: captured"
    yield f"    verified: {_flow(report.day)}"
    yield "    example:"
    yield "      completed: true"
    yield f"      status: {report.status}"
    yield f"      headers: {_flow(dict(report.headers))}"
    if hint is not None:
        yield f"      hint: {hint:g}"
    yield f"      body: {_flow(report.body)}"


def _reply(report: Report) -> Reply:
    return Reply(report.status, report.headers, report.raw)


def _filled(report: Report) -> Reply:
    """Return the reply as it came at the moment of the examples."""
    headers: dict[str, Json] = {**report.headers}
    scripted = Scripted(name="report", status=report.status, headers=headers, body=report.body)
    sent = render(scripted, NOW, lambda token: token, None)
    return Reply(report.status, dict(sent.headers), sent.body.encode())


def _free(name: str, taken: list[str]) -> str:
    names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one not in taken)


def _flow(value: Json) -> str:
    """Return a value as YAML has it on one line, in which JSON is written too."""
    return json.dumps(value, ensure_ascii=False)
