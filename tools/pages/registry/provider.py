"""Render the page of one provider: how one is let in, who pays, whose limit it is, what it refuses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.pages.chapters import NOTICE, front_matter
from tools.pages.registry.rules import rule_section, rules_overview
from tools.sources.specification import Specification, table_rows
from tools.sources.values import scalar
from tools.tables.billing import CREDENTIALS, provider_billing

Row = Mapping[str, Json]

_WAYS: Final = {"api_key": "With an API key", "oauth": "With a login"}
_NEEDED: Final = (
    "An OAuth client of your own (this project ships none), and `credpool login {} --client-id …`; "
    "or the login of another program, which is borrowed."
)


def provider_page(spec: Specification, name: str) -> str:
    """Render what is known of a provider."""
    data = fields(spec.registry[name].data)
    title = text(data.get("title")) or name
    about = f"{title}: header, variables, who pays, every known refusal, and what a pool does."
    parts = [f"# {title}", *_facts(name, data), *provider_billing(spec, name)]
    for way in map(fields, items(data.get("credentials"))):
        parts += _way(name, data, way)
    parts += _limits(data)
    recovery = {text(row.get("class")): row for row in table_rows(spec, "recovery")}
    rules = [fields(rule) for rule in items(data.get("rules"))]
    parts += ["## Refusals", _introduction(name, rules)]
    if rules:
        parts.append(rules_overview(rules, recovery))
        parts += [part for rule in rules for part in rule_section(name, rule, recovery)]
    parts += _hints(data, rules)
    return front_matter(about, boost=0.7) + NOTICE + "\n\n".join(parts) + "\n"


def _facts(name: str, data: Row) -> Iterator[str]:
    if data.get("note"):
        yield text(data.get("note"))
    address = text(data.get("base_url"))
    base = f"to `{address}`" if address else "to the entry's own address"
    yield f"The pool's key is `{name}`, and its requests go {base}."


def _way(name: str, data: Row, way: Row) -> Iterator[str]:
    kind = text(way.get("auth_type"))
    yield f"## {_WAYS.get(kind, CREDENTIALS.get(kind, kind))}"
    scheme = f"{text(way.get('scheme'))} " if way.get("scheme") else ""
    rows = [("header", f"`{text(way.get('header'))}: {scheme}…`")]
    rows += [
        (f"header `{key}`", f"`{scalar(v)}`") for key, v in fields(way.get("extra_headers")).items()
    ]
    rows.append(("variables", _codes(way.get("env")) or "none"))
    rows += [
        (f"not taken: `{text(a.get('name'))}`", _alias(a))
        for a in map(fields, items(way.get("aliases")))
    ]
    if way.get("prefix"):
        rows.append(("begins with", f"`{scalar(way.get('prefix'))}`"))
    if way.get("base_url") and way.get("base_url") != data.get("base_url"):
        rows.append(("goes to", f"`{scalar(way.get('base_url'))}`"))
    rows.append(("payer", scalar(way.get("payer"))))
    if kind == "oauth":
        rows += _login(name, way)
    if question := fields(way.get("question")):
        rows.append(
            ("`credpool test` asks", f"`{text(question.get('path'))}`, which costs nothing")
        )
    yield table(("what", "value"), rows)
    if way.get("note"):
        yield text(way.get("note"))


def _login(name: str, way: Row) -> Iterator[tuple[str, str]]:
    yield "what it needs", _NEEDED.format(name)
    if way.get("token_url"):
        yield "is refreshed at", f"`{text(way.get('token_url'))}`"
    if way.get("account_header"):
        yield "names its account in", f"`{text(way.get('account_header'))}`"


def _alias(alias: Row) -> str:
    note = f" {text(alias.get('note'))}" if alias.get("note") else ""
    return f"{text(alias.get('source'))}.{note}"


def _limits(data: Row) -> Iterator[str]:
    """Say who owns a limit, as far as it is known."""
    headers = _codes(data.get("owner_headers"))
    claims = [
        " → ".join(f"`{text(part)}`" for part in items(way.get("owner_claim")))
        for way in map(fields, items(data.get("credentials")))
        if way.get("owner_claim")
    ]
    scopes = {text(fields(rule).get("scope")) for rule in items(data.get("rules"))} - {""}
    yield "## Whose limit it is"
    lines = [f"A reply names the owner of the quota in {headers}."] if headers else []
    lines += [f"A login's token names its owner in the claim {claim}." for claim in claims]
    if not lines:
        lines = [
            "Neither replies nor tokens are known to name the owner of the quota: say it with `--owner`."
        ]
    if shared := sorted(scopes & {"owner", "owner-model"}):
        lines.append(
            f"Some refusals speak for all entries of one owner ({', '.join(shared)}), as the table below says."
        )
    lines.append("[Owners and models](../../spec/owners.md) has the rules.")
    yield "\n".join(lines)


def _introduction(name: str, rules: Sequence[Row]) -> str:
    generic = "" if name == "generic" else " The [generic rules](generic.md) come after them."
    if not rules:
        return f"Nothing is known of its refusals beyond the generic rules.{generic}"
    return f"The first rule that matches counts, in this order.{generic}"


def _hints(data: Row, rules: Sequence[Row]) -> Iterator[str]:
    """Say where replies tell when to come back, as far as a rule names the place."""
    named = dict.fromkeys(
        text(hint)
        for rule in rules
        for hint in items(rule.get("hint"))
        if isinstance(hint, str) and hint != "none"
    )
    if not named:
        return
    yield "## Hints"
    zone = (
        f"\nA date without a zone is read as UTC{text(data.get('zone'))}."
        if data.get("zone")
        else ""
    )
    places = ", ".join(f"`{hint}`" for hint in named)
    yield (
        f"Its rules listen to {places}; other replies are read for [every known hint]"
        f"(../../spec/cooldowns.md#definition-hints).{zone}"
    )


def _codes(value: Json) -> str:
    return ", ".join(f"`{scalar(one)}`" for one in items(value))
