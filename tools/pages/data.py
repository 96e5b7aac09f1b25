"""Render the pages that come from data: every scenario, and every provider of the registry."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.pages.chapter_tables import environment_table
from tools.pages.chapters import NOTICE, requirement_link
from tools.sources.citations import Scenario
from tools.sources.evidence import EVIDENCE, evidence
from tools.sources.specification import Specification
from tools.sources.values import duration, scalar
from tools.tables.billing import NOTE_PATH

COMPLETED: Final = (
    "**Partly ours:** not all of this reply is the provider's; the source says what is."
)
_KNOWN: Final = (
    "A rule says where its example is from, how it is known, and of which day that is: "
    "of the document that was read, of the capture (or of the day on which a capture without a "
    "date was read), of the report. Nobody called a provider to check a rule."
)
_OLDEST: Final = 20
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


def scenarios_page(spec: Specification) -> str:
    """Render the list of all scenarios."""
    parts = ["# Scenarios", "What the conformance suite plays, and what goes wrong when it fails."]
    for path, group in groupby(spec.scenarios, key=lambda scenario: scenario.path):
        parts.append(f"## {PurePosixPath(path).stem.replace('-', ' ').capitalize()}")
        for scenario in group:
            parts += _scenario(spec, scenario)
    return NOTICE + "\n\n".join(parts) + "\n"


def providers_page(spec: Specification) -> str:
    """Render the registry: every provider, and every rule in the order in which they apply."""
    parts = [
        "# Providers",
        "Where each provider's credentials come from, and what its failing replies mean.",
        _KNOWN,
        f'--8<-- "{NOTE_PATH}"',
        "[Billing notes](../spec/billing.md) has every statement, with its source.",
        "## Environment variables",
        "In order of precedence; a numbered one, such as `OPENAI_API_KEY_2`, goes by its base name.",
        environment_table(spec, "#{}"),
    ]
    parts += _ages(spec)
    for name, document in spec.registry.items():
        parts += _provider(name, fields(document.data))
    return NOTICE + "\n\n".join(parts) + "\n"


def _ages(spec: Specification) -> Iterator[str]:
    """Say how much is known in which way, and what somebody looked at the longest ago."""
    known = sorted(evidence(spec), key=lambda one: (one.verified, one.name))
    kinds = Counter(one.evidence for one in known)
    told = ", ".join(f"{kinds[kind]} {words}" for kind, words in EVIDENCE.items() if kinds[kind])
    yield "## Looked at longest ago"
    yield (
        f"Of what the registry says, each with its kind of evidence and its day: {told}.\n"
        f"These {_OLDEST} are the oldest; [a report](../contributing.md#make-a-rule-from-a-report) "
        "of such a reply renews them."
    )
    rows = [(f"`{one.name}`", EVIDENCE[one.evidence], one.verified) for one in known[:_OLDEST]]
    yield table(("what", "how it is known", "of"), rows)


def _scenario(spec: Specification, scenario: Scenario) -> Iterator[str]:
    yield f'<a id="{scenario.id}"></a>'
    yield f"### {scenario.title}"
    required = (spec.requirements[citation.id] for citation in scenario.verifies)
    lines = [f"`{scenario.id}` verifies {', '.join(map(requirement_link, required))}."]
    if scenario.features:
        lines.append(f"Needs {', '.join(scenario.features)}.")
    if len(scenario.cases) > 1:
        names = (text(case.get("id")).partition(":")[2] for case in scenario.cases)
        lines.append(f"{len(scenario.cases)} cases: {', '.join(f'`{name}`' for name in names)}.")
    yield "\n".join(lines)
    yield f"*If it fails:* {scenario.consequence}"


def _provider(name: str, data: Mapping[str, Json]) -> Iterator[str]:
    yield f'<a id="{name}"></a>'
    yield f"## {text(data.get('title')) or name}"
    if data.get("base_url"):
        yield f"Base URL: `{scalar(data.get('base_url'))}`"
    if data.get("note"):
        yield text(data.get("note"))
    credentials = [fields(entry) for entry in items(data.get("credentials"))]
    if credentials:
        columns = list(dict.fromkeys(key for entry in credentials for key in entry))
        rows = [[scalar(entry.get(column)) for column in columns] for entry in credentials]
        yield table([column.replace("_", " ") for column in columns], rows)
    for rule in items(data.get("rules")):
        yield from _rule(fields(rule))


def _rule(rule: Mapping[str, Json]) -> Iterator[str]:
    yield f"### {scalar(rule.get('id'))}"
    yield f"`{scalar(rule.get('class'))}` when {_when(fields(rule.get('when')))}."
    if rule.get("cooldown") is not None:
        yield f"Cooldown without a hint: {duration(rule.get('cooldown'))}."
    if rule.get("scope"):
        yield f"Rests on: {scalar(rule.get('scope'))}."
    if rule.get("hint") is not None:
        yield f"Hint: {scalar(rule.get('hint'))}."
    if rule.get("note"):
        yield text(rule.get("note"))
    known = EVIDENCE.get(text(rule.get("evidence")), "")
    source = f"Source: {scalar(rule.get('source'))} ({known})"
    as_of = _AS_OF.get(text(rule.get("evidence")), "as of")
    yield f"{source}; {as_of} {scalar(rule.get('verified'))}."
    example = fields(rule.get("example"))
    if example.get("completed"):
        yield COMPLETED
    if example:
        yield _example(example)


def _when(when: Mapping[str, Json]) -> str:
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


def _example(example: Mapping[str, Json]) -> str:
    head = [f"HTTP/1.1 {scalar(example.get('status'))}"]
    head += [f"{name}: {scalar(value)}" for name, value in fields(example.get("headers")).items()]
    body = example.get("body")
    if body is not None:
        shown = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
        head += ["", shown]
    return "\n".join(["```http", *head, "```"])
