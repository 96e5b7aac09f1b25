"""Charge a check by what all the others show: a breach says nothing where what it stands on is missing.

Those others are run when a check fails, whichever were asked for, so a charge depends neither on
their order nor on what else is run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.by_comparison import ByComparison
from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.evidence import rule_of
from credpool_conformance.charging.forms import families, forms, lengths, planned_lengths
from credpool_conformance.charging.prerequisites import needed
from credpool_conformance.judging.plan import attempts
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.charges import table

_CHOICES: Final = ("order", "target")
_OF_ANY_CHOICE: Final = ("select.", "pool.unusable")
"""The requirements that no strategy excuses."""
_HINTED = ("cooldown.hint", "cooldown.skew", "cooldown.clamp")
_LENGTHS = ("until", "order", "out", "nothing")
"""How a wrong length shows: in words, or by who is asked at its end."""
_UNKNOWN: Final = "classify.unknown-code"
_FAILED: Final = (Outcome.FAIL, Outcome.WARN)
_CONCLUDED: Final = (Outcome.PASS, *_FAILED)
_HINT: Final = "cooldown.hint"
_OF_THE_USUAL: Final = (_HINT, "cooldown.sole")
_FORMS: Final = "cooldown.hint.forms"
_LIES: Final = "cooldown.hint.lies"
"""The requirement on which of several hints counts: one of them is read at any rate."""
_USUAL: Final = "cooldown.default"
_TIMED: Final = ("until", "returns", "status", "out", "order", "nothing")
_BY_HINTS: Final = ("cooldown.", "recover.outage-guard", "exhaust.returns-at")


class Needs:
    """The checks that have been run, and what they show together."""

    def __init__(self, run: Callable[[Scenario], Check], scenarios: Sequence[Scenario]) -> None:
        """Begin with nothing run; `scenarios` are all there are."""
        self._run = run
        self._scenarios = scenarios
        self._ran: dict[str, Check] = {}
        self._asked: set[str] = set()
        self._known: dict[tuple[str, str], bool] = {}
        self._by_requirement: dict[str, list[Scenario]] = {}
        for scenario in scenarios:
            for id_ in scenario.ids:
                self._by_requirement.setdefault(id_, []).append(scenario)
        self._comparison = ByComparison(run, self._verifying(_UNKNOWN))

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """List the checks that ran only because others rest on them."""
        return tuple(id_ for id_ in self._ran if id_ not in self._asked)

    def check(self, scenario: Scenario) -> Check:
        """Run a scenario, and what a failure of it rests on; return the check as it stays."""
        self._asked.add(scenario.id)
        check = self._rested(self._first(scenario))
        if check.outcome is not Outcome.INCONCLUSIVE:
            return check
        why = _cannot_go(check)
        if why and (other := self._other_road(scenario)):
            reason = f"{why}; {other} comes to the subject"
            return replace(check, outcome=Outcome.NOT_APPLICABLE, reason=reason)
        return self._comparison.judge(check)

    def _other_road(self, scenario: Scenario) -> str | None:
        """Name a row of the same table that came to the subject by a road which this pool can go.

        Where the subject is the form of a hint itself, none can stand for another.
        """
        table_, _, row = scenario.id.partition(":")
        if not row or any(id_.startswith(_HINT) for id_ in scenario.ids):
            return None
        others = (s for s in self._scenarios if s.id.startswith(f"{table_}:"))
        ended = (self._rested(self._first(other)) for other in others)
        return next((c.scenario.id for c in ended if c.outcome in _CONCLUDED), None)

    def _rested(self, check: Check) -> Check:
        """Return a check as it is in the light of what it rests on."""
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
        if self._shows_the_usual(check):
            return replace(check, outcome=Outcome.PASS, findings=findings)
        reason = f"needs {needs[0]} first"
        return replace(check, outcome=Outcome.INCONCLUSIVE, findings=findings, reason=reason)

    def _shows_the_usual(self, check: Check) -> bool:
        """Tell whether a reply without a readable hint had this pool's usual cooldown, whatever that is."""
        fits = all(id_.startswith(_OF_THE_USUAL) and id_ != _LIES for id_ in check.verified)
        given = {one for f in check.own for one in lengths(f.actual)}
        expected = {one for id_ in check.verified for one in self._own_lengths(id_)}
        usual = all(map(self._is_of_the_usual, check.own))
        return fits and check.reached and usual and not given & expected

    def _own_lengths(self, requirement: str) -> set[float]:
        """List the lengths that a requirement itself gives; a hint's are the providers'."""
        if requirement.startswith(_HINT):
            return set()
        expected = {one for s in self._verifying(requirement) for one in planned_lengths(s)}
        return expected - self._usual

    def _needs(self, check: Check, finding: Finding) -> Iterator[str]:
        """Name what a finding rests on that no check shows; nothing if it stands by itself."""
        about = finding.about
        if finding.requirement != _USUAL and self._is_of_the_usual(finding):
            yield _USUAL
        if about and _rests_on_the_usual(finding) and self._has_another_length(about):
            yield _USUAL
        if finding.requirement is None:
            return
        if finding.kind not in _LENGTHS and about and not self._is_followed(about):
            yield rule_of(about)
        if about and finding.requirement.startswith("classify."):
            yield from self._broken_rule(check.scenario, about)
        if finding.requirement.startswith(_BY_HINTS) and finding.kind in _TIMED:
            yield from self._unread(check, finding)
        stands_on = {*table().rule(finding.requirement).needs, *needed(check.scenario)}
        if finding.kind in _CHOICES and not finding.requirement.startswith(_OF_ANY_CHOICE):
            stands_on.add(f"select.{check.strategy.replace('_', '-')}")
        yield from (id_ for id_ in sorted(stands_on - check.verified) if self._is_missing(id_))

    def _is_missing(self, requirement: str) -> bool:
        """Tell whether a requirement was tried, and not kept in any check."""
        verifying = [s for s in self._verifying(requirement) if self._shows_reading(s, requirement)]
        kept = self._shows("kept", requirement, verifying, lambda c: c.outcome is Outcome.PASS)
        return not kept and any(self._first(s).outcome in _FAILED for s in verifying)

    def _broken_rule(self, scenario: Scenario, failure: str) -> Iterator[str]:
        """Name the rule of a class if no check of it passes, for refusals of such a status."""
        rule = rule_of(failure)
        like = [
            s
            for s in self._verifying(rule)
            if failure in _classes(s) and families(s) & families(scenario)
        ]
        if rule not in scenario.ids and self._all_fail(like):
            yield rule

    def _unread(self, check: Check, finding: Finding) -> Iterator[str]:
        """Name the rule on hints if the pool reads none in the forms of this check.

        Where a length is told, it must be one that the pool gives to a hint which it does not read.
        """
        mine = forms(check.scenario)
        roads = [scenario for theirs, scenario in self._hinted if theirs <= mine]
        given = {one for s in roads for f in self._first(s).own for one in lengths(f.actual)}
        # A hint that is as long as what the pool gives unread passes by luck.
        told = [scenario for scenario in roads if not planned_lengths(scenario) <= given]
        if _FORMS in check.verified or _HINT in check.verified or not self._all_fail(told):
            return
        if lengths(finding.actual) <= given:
            yield _HINT if self._is_missing(_HINT) else _FORMS

    def _is_of_the_usual(self, finding: Finding) -> bool:
        """Tell whether a cooldown differs as the usual one does: the same for the same."""
        pair = lengths(finding.expected), lengths(finding.actual)
        if finding.kind not in ("until", "returns") or not all(pair):
            return False
        usual = (f for s in self._verifying(_USUAL) for f in self._first(s).own)
        return any(
            _is_length(f) and pair == (lengths(f.expected), lengths(f.actual)) for f in usual
        )

    def _all_fail(self, scenarios: Sequence[Scenario]) -> bool:
        """Tell whether some of these fail, and none passes."""
        ended = [self._first(scenario).outcome for scenario in scenarios]
        return Outcome.PASS not in ended and any(one in _FAILED for one in ended)

    def _verifying(self, requirement: str) -> list[Scenario]:
        return self._by_requirement.get(requirement, [])

    @cached_property
    def _usual(self) -> set[float]:
        """The lengths that the specification names for want of a hint."""
        unhinted = (s for s in self._verifying(_USUAL) if not (forms(s) or s.given.policy))
        return {one for scenario in unhinted for one in planned_lengths(scenario)}

    @cached_property
    def _hinted(self) -> list[tuple[set[tuple[str, str]], Scenario]]:
        """The checks of forms of hints that show whether these are read."""
        shown = (s for s in self._verifying(_FORMS) if self._shows_reading(s, _FORMS))
        return [(found, scenario) for scenario in shown if (found := forms(scenario))]

    def _shows_reading(self, scenario: Scenario, requirement: str) -> bool:
        """Tell whether a scenario shows that a hint is read: by a length that is not the usual one."""
        if requirement not in (_HINT, _FORMS):
            return True
        return bool(planned_lengths(scenario) - self._usual)

    def _is_followed(self, failure: str) -> bool:
        """Tell whether the pool does in any check what a reply of this class leads to."""
        about = [s for s in self._scenarios if failure in _classes(s)]
        about.sort(key=lambda scenario: rule_of(failure) not in scenario.ids)
        return self._shows("followed", failure, about, lambda check: failure in check.followed)

    def _has_another_length(self, failure: str) -> bool:
        """Tell whether the pool's usual cooldown for this class was found to be another."""

        def differs(check: Check) -> bool:
            return any(_is_length(f) and f.about == failure for f in check.own)

        return self._shows("another length", failure, self._verifying(_USUAL), differs)

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


def _cannot_go(check: Check) -> str | None:
    """Say why a pool cannot go the road of a check: by a hint, or by a strategy, that it has not."""
    if check.reason == f"needs {_FORMS} first":
        return f"{_FORMS}: it reads no hint of this form"
    strategy = check.scenario.given.strategy
    if strategy and any(finding.kind == "refusal" for finding in check.findings):
        return f"select.{strategy.replace('_', '-')}: it has no such strategy"
    return None


def _classes(scenario: Scenario) -> set[str]:
    return {step.failure for phase in scenario.phases for step in attempts(phase)}


def _rests_on_the_usual(finding: Finding) -> bool:
    """Tell whether a length was to be the pool's usual one, which is judged elsewhere."""
    hinted = (finding.requirement or "").startswith(_HINTED)
    return finding.kind in _LENGTHS and not _is_length(finding) and not hinted


def _is_length(finding: Finding) -> bool:
    return finding.kind in _LENGTHS and finding.requirement == _USUAL
