"""The order, the texts and the age of the registry's rules."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from credpool_conformance.specification.documents import parse
from tools.lints.rules import old_rules, order_problems, shadow_problems, text_problems
from tools.pages.__main__ import main
from tools.sources.evidence import evidence
from tools.sources.specification import Specification, load

TREE = Path(__file__).parent / "tree"
ROOT = TREE.parents[2]
REPLY = {"status": 429, "headers": {}, "body": {"error": {"code": "a", "message": "No money."}}}


def rule(
    name: str, when: dict[str, object], failure: str = "usage_limited", **more: object
) -> object:
    """Return a rule whose example is always the same reply."""
    return {"id": name, "when": when, "class": failure, "example": REPLY, **more}


def spec_of(**files: list[object]) -> Specification:
    """Return the sample with these rules, by provider."""
    documents = {
        name: parse(f"spec/registry/{name}.yaml", yaml.safe_dump({"rules": rules}))
        for name, rules in files.items()
    }
    return replace(load(TREE), registry=documents)


@pytest.mark.parametrize(
    ("above", "below", "shadowed"),
    [
        pytest.param({"status": 429}, {"status": 429, "code": "a"}, True, id="the status alone"),
        pytest.param({"status": "4xx"}, {"status": [400, 429]}, True, id="the family of a status"),
        pytest.param({"code": ["a", "b"]}, {"code": "b"}, True, id="a list with the code"),
        pytest.param({"message": "money"}, {"message": ["No Money", "money!"]}, True, id="texts"),
        pytest.param({"header": {"x": True}}, {"header": {"x": "y"}}, True, id="a header there"),
        pytest.param({"status": 429, "code": "a"}, {"status": 429}, False, id="a narrower one"),
        pytest.param({"code": "a"}, {"code": ["a", "b"]}, False, id="a code more"),
        pytest.param({"message": "no money"}, {"message": "money"}, False, id="a longer text"),
        pytest.param({"header": {"x": False}}, {"header": {"x": "y"}}, False, id="a header absent"),
        pytest.param({"auth_type": "oauth"}, {"auth_type": "api_key"}, False, id="another type"),
    ],
)
def test_a_rule_that_never_matches_is_found(
    above: dict[str, object], below: dict[str, object], *, shadowed: bool
) -> None:
    """A rule is without success when the one above matches whatever it does."""
    spec = spec_of(odd=[rule("above", above), rule("below", below)])

    assert [p.what for p in shadow_problems(spec)] == (
        ["below never matches: above comes first"] if shadowed else []
    )


@pytest.mark.parametrize(
    ("more", "found"),
    [
        pytest.param({}, ["first: its `before` is wrong about second"], id="nobody says so"),
        pytest.param({"before": ["second"]}, [], id="it is said"),
        pytest.param(
            {"before": ["second", "third"]},
            ["first: its `before` is wrong about third"],
            id="more is said than is so",
        ),
    ],
)
def test_an_order_that_matters_is_told(more: dict[str, object], found: list[str]) -> None:
    """A later rule that would classify the example otherwise is named; the status alone is not."""
    rules = [
        rule("first", {"message": "money"}, "out_of_credit", **more),
        rule("second", {"code": "a"}),
        rule("third", {"code": "b"}),
        rule("last", {"status": "4xx"}, "request_error"),
    ]

    assert [p.what for p in order_problems(spec_of(odd=rules))] == found


def test_a_generic_text_that_takes_anothers_reply_is_found() -> None:
    """What a gateway passes on is read by the generic rules as by the provider's own."""
    generic = [
        rule("text", {"message": "no money"}, "out_of_credit"),
        rule("rest", {"status": "4xx"}, "request_error"),
    ]

    found = [*text_problems(spec_of(generic=generic, other=[rule("cap", {"code": "a"})]))]

    assert [(p.path, p.what) for p in found] == [
        ("spec/registry/generic.yaml", "text: its text takes other/cap")
    ]
    same = [rule("cap", {"code": "a"}, "out_of_credit")]
    assert [*text_problems(spec_of(generic=generic, other=same))] == []


def test_rules_that_nobody_has_looked_at_are_told() -> None:
    """A rule older than a year is named; a month without its day counts too."""
    rules = [
        rule("old", {"code": "a"}, verified="2025-11-26"),
        rule("month", {"code": "b"}, verified="2025-10"),
        rule("fresh", {"code": "c"}, verified="2025-11-28"),
    ]

    found = [*old_rules(spec_of(odd=rules), date(2026, 11, 27))]

    assert found == ["odd/old 2025-11-26", "odd/month 2025-10"]


def test_the_day_is_an_argument_and_age_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the day is, the specification is well; what is old is named on the way."""
    today = main(["--lint", "--draft", "--root", str(TREE), "--today", "2026-11-27"])
    young = capsys.readouterr().out
    later = main(["--lint", "--draft", "--root", str(TREE), "--today", "2036-11-27"])

    assert today == later == 0
    assert "older than a year" not in young
    assert "warning: rules older than a year" in capsys.readouterr().out


def test_everything_that_was_looked_up_has_its_day() -> None:
    """Rules, terminal codes, aliases and hints alike."""
    names = [known.name for known in evidence(load(ROOT))]

    assert {"openai/insufficient-quota", "openai, alias: OPENAI_KEY", "hints: retry-after"} <= {
        *names
    }
    assert any(name.startswith("generic, terminal: ") for name in names)


def test_the_registry_says_of_each_rule_how_it_is_known() -> None:
    """Every rule has a kind of evidence and the day of what somebody looked at."""
    spec = load(ROOT)
    rules = [rule for doc in spec.registry.values() for rule in doc.data["rules"]]

    assert len(rules) > 250
    assert all(rule["evidence"] and rule["verified"] for rule in rules)
