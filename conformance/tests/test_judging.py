"""Whose each difference is: the table covers the specification, and a fault is named first."""

import fnmatch
import json
from collections import Counter
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest

from credpool_conformance.data import find
from credpool_conformance.specification.charges import SEVERITIES, table
from tools.mutants import mutant_files
from tools.mutants.mutant import Mutant
from tools.mutants.mutant_files import MutantSet, named
from tools.mutants.reference_run import RunResult, Suite, attempt, prepare, read_suite
from tools.mutants.workers import LostError, run_all

REPOSITORY = Path(__file__).parents[2]
SAMPLE = 41
"""Beside the checks that it names, one in so many is run on a mutant."""

FIRST = (
    "GivesUpAfterThree",
    "HasNoOutageGuard",
    "RotatesAtOnce",
    "RetriesWithoutWaiting",
    "BenchesTheForbidden",
    "WalksThroughThePoolWithAWrongRequest",
    "IgnoresPriorities",
    "CountsCallsNotRequests",
    "LosesTheCallersTraceIds",
    "LogsTheRequestThatFailed",
    "LosesTheSecretOnItsWay",
    "BelievesStrangers",
    "ForgetsTheQuery",
    "LosesTheRequestId",
    "TellsTheSwitchFirst",
    "ListsInAFormOfItsOwn",
    "KeepsABackup",
    "TakesTheUsualPayer",
    "TakesATurnForEachCall",
    "ProbesTheDead",
)


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Read the specification and all scenarios."""
    data = find()
    assert data.default_testee is not None
    return read_suite(data, data.default_testee)


@pytest.fixture(scope="module")
def mutant_set() -> MutantSet:
    """Read all mutants."""
    return mutant_files.read(REPOSITORY / "conformance" / "mutants")


def ids() -> list[str]:
    """List the ids of all requirements."""
    stated = json.loads((REPOSITORY / "spec" / "requirements.json").read_text(encoding="utf-8"))
    return [found["id"] for found in stated["requirements"]]


def test_every_requirement_has_a_row() -> None:
    """What is required has a severity, and something that can break it."""
    missing = [
        id_
        for id_ in ids()
        if not any(fnmatch.fnmatchcase(id_, glob) for rule in table().rules for glob in rule.ids)
    ]

    assert missing == []


def test_no_row_is_of_a_requirement_that_is_gone() -> None:
    """A pattern that fits nothing is a spelling mistake, or out of date."""
    patterns = [glob for rule in table().rules for glob in rule.ids]

    assert [glob for glob in patterns if not fnmatch.filter(ids(), glob)] == []


def test_the_table_speaks_of_what_there_is() -> None:
    """Kinds, severities and owners are known ones."""
    kinds, known = table().kinds, {*ids()}
    for rule in table().rules:
        assert rule.decides <= kinds.keys(), rule.ids
        assert {rule.severity, *rule.worse.values()} <= {*SEVERITIES}, rule.ids
        assert {*rule.worse} <= rule.decides, rule.ids
        assert {*rule.needs} <= known, rule.ids
    assert {kind.owner for kind in kinds.values() if kind.owner} <= known


def test_a_must_can_be_broken() -> None:
    """Whatever is no freedom is decided by some kind of difference."""
    stated = json.loads((REPOSITORY / "spec" / "requirements.json").read_text(encoding="utf-8"))
    bound = [r["id"] for r in stated["requirements"] if r["keyword"].startswith("MUST")]

    assert [id_ for id_ in bound if not table().rule(id_).decides] == []


@pytest.fixture(scope="module")
def named_first(suite: Suite, mutant_set: MutantSet) -> dict[str, Counter[str]]:
    """Count of each mutant what it was found to break, each in a process of its own."""
    jobs = [(name, partial(broken, suite, mutant_set.mutants[name])) for name in FIRST]
    found: dict[str, Counter[str]] = {}
    prepare(suite, ())
    for name, charged in run_all(jobs, at_once=2, seconds=120):
        assert not isinstance(charged, LostError), charged
        found[name] = charged
    return found


@pytest.mark.parametrize("name", FIRST)
def test_the_broken_requirement_is_named_first(
    mutant_set: MutantSet, named_first: dict[str, Counter[str]], name: str
) -> None:
    """Of all that a run finds broken, the requirement that is broken is charged most."""
    violated = mutant_set.mutants[name].violates.partition("+")[0]

    charged = named_first[name]

    assert charged[violated] == max(charged.values()), charged


def broken(suite: Suite, mutant: type[Mutant]) -> Counter[str]:
    """Count, for each requirement, the checks in which a mutant was found to break it."""
    by_id = {scenario.id: scenario for scenario in suite.scenarios}
    own = {id_ for pattern in mutant.kills for id_ in named(pattern, by_id)}
    chosen = [s for s in suite.scenarios if s.id in own or crc32(s.id.encode()) % SAMPLE == 0]
    result: RunResult = attempt(suite, chosen, mutant)
    assert result.void is None
    found = [*result.red.values(), *result.passed_over.values()]
    return Counter(id_ for red in found for id_ in {id_ for id_, _ in red.charged if id_})
