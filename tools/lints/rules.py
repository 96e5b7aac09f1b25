"""Judge the order and the age of the registry's rules: each one can match, and nobody's text misleads.

The order of rules is meaning: a rule says with `before` which ones further down would classify its
example otherwise, so that nobody moves it by chance.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from tools.lints.matching import contains, listed, matches
from tools.sources.evidence import evidence
from tools.sources.specification import Specification

_GENERIC: Final = "generic"
_STATUS_ALONE: Final = frozenset({"status", "auth_type"})
_OLD: Final = timedelta(days=365)

LEFT: Final = "FILL IN"
"""Where `tools.scaffold` leaves something to a person."""

Rule = Mapping[str, Json]


def shadow_problems(spec: Specification) -> Iterator[Problem]:
    """Find rules that never match, because one above matches whatever they do."""
    for document in spec.registry.values():
        rules = _rules(document.data)
        for index, rule in enumerate(rules):
            when = fields(rule.get("when"))
            above = (r for r in rules[:index] if _covers(fields(r.get("when")), when))
            first = next(above, None)
            if first is not None:
                what = f"{text(rule.get('id'))} never matches: {text(first.get('id'))} comes first"
                yield document.problem(("rules", index), what, "move it up, or remove it")


def order_problems(spec: Specification) -> Iterator[Problem]:
    """Find examples that a rule further down would classify otherwise, where nobody says so."""
    for document in spec.registry.values():
        rules, usual = _rules(document.data), _auth_type(document.data)
        for index, rule in enumerate(rules):
            example = fields(rule.get("example"))
            auth_type = text(example.get("auth_type")) or usual
            found = {
                text(later.get("id"))
                for later in rules[index + 1 :]
                if later.get("class") != rule.get("class")
                and not fields(later.get("when")).keys() <= _STATUS_ALONE
                and matches(fields(later.get("when")), example, auth_type)
            }
            told = {text(name) for name in items(rule.get("before"))}
            if found != told:
                names = ", ".join(sorted(found ^ told))
                what = f"{text(rule.get('id'))}: its `before` is wrong about {names}"
                fix = f"write before: [{', '.join(sorted(found))}], or correct the conditions"
                yield document.problem(("rules", index), what, fix)


def text_problems(spec: Specification) -> Iterator[Problem]:
    """Find texts of the generic rules that read another provider's example otherwise than it does.

    A gateway passes such a reply on, and then the generic rules are all there is.
    """
    generic = spec.registry.get(_GENERIC)
    rules = _rules(generic.data) if generic else []
    for name, document in spec.registry.items():
        for rule in _rules(document.data) if name != _GENERIC else []:
            example = fields(rule.get("example"))
            auth_type = text(example.get("auth_type")) or _auth_type(document.data)
            found = ((i, r) for i, r in enumerate(rules) if _matched(r, example, auth_type))
            index, first = next(found, (0, rule))
            if "message" in fields(first.get("when")) and first.get("class") != rule.get("class"):
                what = f"{text(first.get('id'))}: its text takes {name}/{text(rule.get('id'))}"
                fix = f"narrow it: there it is {text(rule.get('class'))}"
                if generic:
                    yield generic.problem(("rules", index), what, fix)


def unfinished_problems(spec: Specification) -> Iterator[Problem]:
    """Find rules of which a person has not yet written where they are from."""
    for document in spec.registry.values():
        for index, rule in enumerate(_rules(document.data)):
            if LEFT in text(rule.get("source")):
                what = f"{text(rule.get('id'))}: its source is left open"
                yield document.problem(("rules", index), what, "say where it can be looked up")


def old_rules(spec: Specification, today: date) -> Iterator[str]:
    """Yield what nobody has looked at for a year, which is a warning and no fault."""
    bound = (today - _OLD).isoformat()
    for known in evidence(spec):
        if known.verified < bound[: len(known.verified)]:
            yield f"{known.name} {known.verified}"


def _covers(above: Rule, below: Rule) -> bool:
    """Whether whatever matches the lower rule matches the upper one."""
    return bool(above) and all(
        name in below and _narrower(name, value, below[name]) for name, value in above.items()
    )


def _narrower(name: str, above: Json, below: Json) -> bool:
    if name == "header":
        return all(
            key in fields(below) and _header(value, fields(below)[key])
            for key, value in fields(above).items()
        )
    if name in ("message", "quota"):
        return all(any(contains(b, a) for a in listed(above)) for b in listed(below))
    wide = {str(value) for value in listed(above)}
    return all(str(b) in wide or f"{str(b)[:1]}xx" in wide for b in listed(below))


def _header(above: Json, below: Json) -> bool:
    if isinstance(above, bool) or isinstance(below, bool):
        return above is below or (above is True and not isinstance(below, bool))
    return all(any(contains(b, a) for a in listed(above)) for b in listed(below))


def _matched(rule: Rule, example: Mapping[str, Json], auth_type: str) -> bool:
    return matches(fields(rule.get("when")), example, auth_type)


def _rules(data: Json) -> list[Rule]:
    return [fields(rule) for rule in items(fields(data).get("rules"))]


def _auth_type(data: Json) -> str:
    first = next(iter(items(fields(data).get("credentials"))), None)
    return text(fields(first).get("auth_type")) or "api_key"
