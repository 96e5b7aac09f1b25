"""Play the checks that show the requirements, on the reference in this process.

What a check shows is shown only if the reference passes it: an example is never what was meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.data import Data
from credpool_conformance.problems import Problem
from credpool_conformance.scenarios.loader import load
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from tools.examples.masking import Mask, ShownSecretError
from tools.examples.phases import told
from tools.examples.record import Recorder
from tools.mutants.patching import load_testee
from tools.mutants.reference_run import Suite, checks
from tools.sources.choices import Example, choices
from tools.sources.specification import Specification, requirements_data

# A machine that is busy makes no example false.
_PATIENCE = 60.0
REFERENCE = Path("conformance/testees/reference.py")
_FIX = "correct the library or the check, or choose another check in spec/examples.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """The examples by the ids of their requirements, and the checks that show nothing."""

    shown: Mapping[str, Example] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def examples(spec: Specification) -> Examples:
    """Play the check of each requirement; a tree without the reference has no examples.

    Raises: BadInputError when the scenarios cannot be used.
    """
    testee = spec.root / REFERENCE
    if not testee.is_file():
        return Examples()
    data = Data(spec=spec.root / "spec", scenarios=spec.root / "conformance/scenarios")
    registry, stated = (
        registries.load(data),
        requirement_files.stated(data, requirements_data(spec)),
    )
    chosen = choices(spec)
    suite = Suite(
        scenarios=load(data, registry, stated, set(chosen.values())),
        registry=registry,
        requirements=stated,
        testee=testee,
    )
    return play(suite, chosen)


def play(suite: Suite, chosen: Mapping[str, str]) -> Examples:
    """Play the suite's checks, each once."""
    load_testee(suite.testee)
    recorder = Recorder()
    found: dict[str, Example] = {}
    problems: list[Problem] = []
    for check in checks(suite, suite.scenarios, recorder, _PATIENCE):
        shown = _example(check, recorder)
        if isinstance(shown, Problem):
            problems.append(shown)
        else:
            found[check.scenario.id] = shown
    by_id = {id_: found[check] for id_, check in chosen.items() if check in found}
    return Examples(shown=by_id, problems=tuple(problems))


def _example(check: Check, recorder: Recorder) -> Example | Problem:
    scenario, setup = check.scenario, recorder.setup
    if check.outcome is not Outcome.PASS or setup is None:
        aspects = dict.fromkeys(finding.kind for finding in check.findings)
        why = check.reason or ", ".join(aspects)
        what = f"{scenario.id} shows nothing: {check.outcome.value} ({why})"
        return Problem(scenario.path, scenario.line, what, _FIX)
    try:
        text = Mask(setup)(told(scenario, recorder.moments))
    except ShownSecretError as error:
        return Problem(scenario.path, scenario.line, f"{scenario.id}: {error}", _FIX)
    return Example(check=scenario.id, title=scenario.title, text=text)
