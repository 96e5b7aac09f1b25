"""Charge a check by what all the others show: a breach says nothing where what it stands on is missing.

Those others are run when a check fails, whichever were asked for, so a charge depends neither on
their order nor on what else is run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.evidence import rule_of
from credpool_conformance.charging.uses import needed
from credpool_conformance.judging.plan import attempts
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.charges import table

_HINTED = ("cooldown.hint", "cooldown.skew", "cooldown.clamp")
_LENGTHS = ("until", "order", "out", "nothing")
"""How a wrong length shows: in words, or by who is asked at its end."""
_FAILED: Final = (Outcome.FAIL, Outcome.WARN)


class Needs:
    """The checks that have been run, and what they show together."""

    def __init__(self, run: Callable[[Scenario], Check], scenarios: Sequence[Scenario]) -> None:
        """Begin with nothing run; `scenarios` are all there are."""
        self._run = run
        self._scenarios = scenarios
        self._ran: dict[str, Check] = {}
        self._asked: set[str] = set()
        self._known: dict[tuple[str, str], bool] = {}

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """List the checks that ran only because others rest on them."""
        return tuple(id_ for id_ in self._ran if id_ not in self._asked)

    def check(self, scenario: Scenario) -> Check:
        """Run a scenario, and what a failure of it rests on; return the check as it stays."""
        self._asked.add(scenario.id)
        check = self._first(scenario)
        if check.outcome not in _FAILED or not check.own:
            return check
        needs: list[str] = []
        for finding in check.own:
            need = next(self._needs(check, finding), None)
            if need is None:
                return check
            needs.append(need)
        findings = tuple(
            replace(f, requirement=needs[0], others=()) if f in check.own else f
            for f in check.findings
        )
        reason = f"needs {needs[0]} first"
        return replace(check, outcome=Outcome.INCONCLUSIVE, findings=findings, reason=reason)

    def _needs(self, check: Check, finding: Finding) -> Iterator[str]:
        """Name what a finding rests on that no check shows; nothing if it stands by itself."""
        about = finding.about
        if about and _rests_on_the_usual(finding) and self._has_another_length(about):
            yield "cooldown.default"
        if finding.requirement is None:
            return
        if finding.kind not in _LENGTHS and about and not self._is_followed(about):
            yield rule_of(about)
        stands_on = {*table().rule(finding.requirement).needs, *needed(check.scenario)}
        if finding.kind in ("order", "target") and not finding.requirement.startswith("select."):
            strategy = (check.scenario.given.strategy or "default").replace("_", "-")
            stands_on.add(f"select.{strategy}")
        yield from (id_ for id_ in sorted(stands_on - check.verified) if self._is_missing(id_))

    def _is_missing(self, requirement: str) -> bool:
        """Tell whether a requirement was tried, and not kept in any check."""
        verifying = [s for s in self._scenarios if requirement in s.ids]
        kept = self._shows("kept", requirement, verifying, lambda c: c.outcome is Outcome.PASS)
        return not kept and any(self._first(s).outcome in _FAILED for s in verifying)

    def _is_followed(self, failure: str) -> bool:
        """Tell whether the pool does in any check what a reply of this class leads to."""
        about = [s for s in self._scenarios if failure in _classes(s)]
        about.sort(key=lambda scenario: rule_of(failure) not in scenario.ids)
        return self._shows("followed", failure, about, lambda check: failure in check.followed)

    def _has_another_length(self, failure: str) -> bool:
        """Tell whether the pool's usual cooldown for this class was found to be another."""
        usual = [s for s in self._scenarios if "cooldown.default" in s.ids]

        def differs(check: Check) -> bool:
            return any(_is_length(f) and f.about == failure for f in check.own)

        return self._shows("another length", failure, usual, differs)

    def _shows(
        self, what: str, name: str, where: Iterable[Scenario], shown: Callable[[Check], bool]
    ) -> bool:
        """Run checks until one shows something; remember the answer."""
        if (what, name) not in self._known:
            self._known[what, name] = any(shown(self._first(scenario)) for scenario in where)
        return self._known[what, name]

    def _first(self, scenario: Scenario) -> Check:
        """Run a scenario, once."""
        if scenario.id not in self._ran:
            self._ran[scenario.id] = self._run(scenario)
        return self._ran[scenario.id]


def _classes(scenario: Scenario) -> set[str]:
    return {step.failure for phase in scenario.phases for step in attempts(phase)}


def _rests_on_the_usual(finding: Finding) -> bool:
    """Tell whether a length was to be the pool's usual one, which is judged elsewhere."""
    hinted = (finding.requirement or "").startswith(_HINTED)
    return finding.kind in _LENGTHS and not _is_length(finding) and not hinted


def _is_length(finding: Finding) -> bool:
    return finding.kind in _LENGTHS and finding.requirement == "cooldown.default"
