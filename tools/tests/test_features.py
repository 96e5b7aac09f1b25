"""The table of features, and what is of no feature that it names."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from credpool_conformance.data import SCHEMAS
from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.specification.documents import parse
from tools.sources.feature_uses import used_features
from tools.sources.specification import Specification, load
from tools.tables.features import feature_problems, features_table

TREE = Path(__file__).parent / "tree"
ROOT = TREE.parents[2]


def with_features(*names: str) -> Specification:
    """Read the sample, with a table of these features."""
    spec = load(TREE)
    rows = "".join(f"  - {{name: {name}, means: it has {name}}}\n" for name in names)
    document = parse("spec/tables/features.yaml", f"version: 1\nrows:\n{rows}")
    return replace(spec, tables={**spec.tables, "features": document})


def test_each_feature_is_counted() -> None:
    """A row has the feature's meaning, its requirements, and the cases that need it."""
    lines = features_table(with_features("oauth")).splitlines()

    assert lines[0] == "| feature | means | needs | requirements | checks |"
    assert lines[2].startswith("| core | what every pool does |  |")
    assert lines[3] == "| `oauth` | it has oauth |  | 1 | 2 |"


@pytest.mark.parametrize(
    ("names", "told"),
    [(("oauth",), set()), (("store",), {"unknown feature, oauth"}), ((), set())],
    ids=["all are named", "one is not named", "there is no table"],
)
def test_what_is_of_an_unknown_feature_is_found(names: tuple[str, ...], told: set[str]) -> None:
    """A requirement and a scenario of a feature without a meaning are problems."""
    found = list(feature_problems(with_features(*names)))

    assert {problem.what.rpartition(" an ")[2] for problem in found} == told
    assert len(found) == 2 * len(told)


def test_a_testee_may_declare_what_the_table_names() -> None:
    """The protocol's schema and the table name the same features; names of one's own begin with `x-`."""
    document = load(ROOT).tables["features"]
    schema = json.loads((SCHEMAS / "protocol" / "hello.reply.schema.json").read_text())

    declared = schema["properties"]["hello"]["properties"]["features"]["items"]["pattern"]

    names = (str(fields(row)["name"]) for row in items(fields(document.data)["rows"]))
    assert declared == f"^(core|{'|'.join(names)}|x-[^ ]+)$"


def sample(*, features: tuple[str, ...], needs: str = "", uses: str = "token") -> Specification:
    """Read the sample, with other features of its one scenario and another upstream in its cases."""
    spec = with_features("oauth", "store")
    rows = f"  - {{name: oauth{needs}, means: a}}\n  - {{name: store, means: b}}\n"
    table = parse("spec/tables/features.yaml", f"version: 1\nrows:\n{rows}")
    scenarios = [
        replace(
            one,
            features=features,
            cases=tuple({**c, "features": [*features], "upstream": {uses: []}} for c in one.cases),
        )
        for one in spec.scenarios
        if one.features
    ]
    return replace(spec, scenarios=(*scenarios,), tables={**spec.tables, "features": table})


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param(sample(features=("oauth",)), [], id="all is in order"),
        pytest.param(
            sample(features=("oauth",), needs=", needs: [wings]"),
            ["oauth needs an unknown feature, wings"],
            id="a need that nobody has described",
        ),
        pytest.param(
            sample(features=("store",)),
            [
                "refresh-once uses the feature oauth and does not declare it",
                "recover.refresh is checked only together with store",
            ],
            id="a use that is not declared",
        ),
        pytest.param(
            sample(features=("oauth", "store")),
            ["recover.refresh is checked only together with store"],
            id="a check that asks for more",
        ),
        pytest.param(
            sample(features=("oauth", "store"), needs=", needs: [store]"),
            [],
            id="a check that asks for what is needed anyway",
        ),
        pytest.param(sample(features=(), uses="a"), [], id="nothing is used"),
    ],
)
def test_what_keeps_a_feature_from_conforming_alone_is_found(
    spec: Specification, says: list[str]
) -> None:
    """A scenario declares all that it uses, and each requirement has a check that asks for no more."""
    assert [problem.what for problem in feature_problems(spec)] == says


@pytest.mark.parametrize(
    ("case", "declared", "used"),
    [
        pytest.param({"given": {"home": {}}}, set(), {"seed"}, id="a home"),
        pytest.param(
            {"given": {"home": {}}}, {"custom-endpoints"}, set(), id="endpoints in a home"
        ),
        pytest.param(
            {"given": {"entries": [{"owner": "o"}]}}, set(), {"owner-scope"}, id="an owner"
        ),
        pytest.param(
            {"given": {"entries": [{"owner": "o"}]}}, {"operator"}, set(), id="one listed"
        ),
        pytest.param(
            {"given": {"strategy": "quota_aware"}}, set(), {"quota-aware"}, id="a strategy"
        ),
        pytest.param({"given": {"policy": {"probe_after": 1}}}, set(), {"probe"}, id="a policy"),
        pytest.param(
            {"given": {"entries": [{"claims": {"sub": "x"}}]}},
            set(),
            {"owner-scope"},
            id="what a token says",
        ),
        pytest.param(
            {"given": {"entries": [{"claims": {"sub": "x"}}]}},
            {"oauth"},
            set(),
            id="what a token says of a login",
        ),
        pytest.param({"phases": [{"call": {"session": "s"}}]}, set(), {"affinity"}, id="a session"),
        pytest.param({"phases": [{"expect": {"events": []}}]}, set(), {"events"}, id="events"),
        pytest.param({"phases": [{"call": {}}, {"restart": {}}]}, set(), set(), id="the core"),
    ],
)
def test_a_use_is_told_by_what_stands_in_a_case(
    case: Mapping[str, Json], declared: set[str], used: set[str]
) -> None:
    """What is given, done or expected belongs to a feature, or to the core."""
    assert {*used_features(case, frozenset(declared))} == used


def test_a_requirement_of_two_features_applies_where_both_are_declared() -> None:
    """Its label names both, and a pool with one of them is not held to it."""
    spec = load(ROOT)

    found = spec.requirements["payer.changed"]

    assert (found.feature, found.features) == ("events", ("events", "payer"))
