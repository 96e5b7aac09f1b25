"""Run the reference library once for each feature, with what that needs; write the verdicts as JSON.

A program of its own, because what a testee in process leaves behind ends with the process.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from credpool_conformance.charging.check import Check
from credpool_conformance.data import find
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.reporting.verdict import summarise
from credpool_conformance.runner import Runner
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.testee.connectors.inprocess import InProcessConnector
from credpool_conformance.testee.connectors.lean import lean
from credpool_conformance.testee.session import Session
from tools.tables.features import with_needs

ALONE = Path(__file__).parents[1] / "testees" / "alone.py"
CORE = frozenset({"core"})
REGISTRY = registries.load(find())
REQUIREMENTS = requirement_files.load(find())
SCENARIOS = load(find(), REGISTRY, REQUIREMENTS)


def run(features: frozenset[str], scenarios: list[Scenario]) -> list[Check]:
    """Run scenarios on the reference library, which declares these features."""
    loopback = Loopback()
    connector = InProcessConnector(f"{ALONE}:{','.join(sorted(features))}", loopback.mock)
    session = Session(connector, timeout=30, grace=0.05, needs=REGISTRY.needs)
    try:
        return [*Runner(session, loopback.mock, REGISTRY, REQUIREMENTS).run(scenarios)]
    finally:
        session.close()
        loopback.close()


def verdict(features: frozenset[str], checks: list[Check]) -> list[str]:
    """Say what a pool with these features gets, and why if it is not the best."""
    summary = summarise(checks, REQUIREMENTS, features, filtered=False)
    return [summary.verdict.value, *summary.reasons, *summary.missing]


def main() -> None:
    """Run the core once, which is the same for all, and each feature's own checks."""
    core = run(CORE, [scenario for scenario in SCENARIOS if not scenario.features])
    others = [scenario for scenario in SCENARIOS if scenario.features]
    verdicts = {"core": verdict(CORE, core)}
    for feature in REGISTRY.needs:
        features = with_needs([feature], REGISTRY.needs)
        verdicts[feature] = verdict(features, [*core, *run(features, others)])
    (refused,) = run(frozenset({"shared-store"}), SCENARIOS[:1])
    json.dump({"verdicts": verdicts, "refused": refused.reason}, sys.__stdout__)


if __name__ == "__main__":
    with lean():
        main()
