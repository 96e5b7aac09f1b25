"""Judge a class by what the pool does with other replies, where it does not do what a class leads to.

A pool that tries the next key after a malformed request still shows whether it takes a reply for one:
by doing with it what it does with any reply of that status, or with a plain one of another class.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Final

from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.json_values import Json
from credpool_conformance.judging.plan import attempts
from credpool_conformance.scenarios.scenario import Reply, Scenario
from credpool_conformance.specification.charges import table

_PLAIN: Final = {"content-type": "application/json"}
_KIND: Final = "unread"


class ByComparison:
    """The comparisons with replies that say nothing but a status."""

    def __init__(self, run: Callable[[Scenario], Check], plain: list[Scenario]) -> None:
        """Begin with nothing run; `plain` are checks of what a status alone means."""
        self._run = run
        self._plain = plain
        self._ran: dict[str, Check | None] = {}

    def judge(self, check: Check) -> Check:
        """Return a check of a class that came to no conclusion as a comparison judges it, if one can."""
        refusal = _refusal(check.scenario)
        if refusal is None or not all(id_.startswith("classify.") for id_ in check.verified):
            return check
        failure = attempts(check.scenario.phases[0])[0].failure
        if failure in self._means.get(refusal.status, ()):
            alone = self._played(_without_words(check.scenario, refusal.status))
            return _passed(check) if alone and check.wires == alone.wires else check
        return self._between(check, failure, refusal.status)

    def _between(self, check: Check, failure: str, own: int) -> Check:
        """Judge a reply whose words are to make the difference, by the state of the entries too.

        A pool need not do the same with every status of a class: any of them is an example of it
        that this pool does not treat like the reply's own.
        """
        watched = _watched(check.scenario)
        shown = self._played(watched)
        alone = self._played(_without_words(watched, own))
        statuses = [status for status, means in self._means.items() if failure in means]
        plain = [self._played(_without_words(watched, status)) for status in statuses]
        examples = [one for one in plain if one and alone and not _same(one, alone)]
        if not (shown and alone and examples):
            return check
        if any(_same(shown, one) for one in examples):
            return _passed(check)
        return _unread(check, shown, examples[0], failure) if _same(shown, alone) else check

    @cached_property
    def _means(self) -> dict[int, set[str]]:
        """The class that a status alone means."""
        means: dict[int, set[str]] = {}
        for scenario in self._plain:
            if (refusal := _refusal(scenario)) is not None:
                failure = attempts(scenario.phases[0])[0].failure
                means.setdefault(refusal.status, set()).add(failure)
        return means

    def _played(self, scenario: Scenario) -> Check | None:
        """Play a scenario, once; none if the pool broke down."""
        actions = [(phase.action, phase.expect.state) for phase in scenario.phases]
        key = repr((scenario.given, scenario.upstream, actions))
        if key not in self._ran:
            ended = self._run(scenario)
            self._ran[key] = None if ended.outcome is Outcome.HARNESS_ERROR else ended
        return self._ran[key]


def _refusal(scenario: Scenario) -> Reply | None:
    """Find the refusal that a scenario is about; none if there are several, or it is no plain one."""
    replies = [reply for script in scenario.upstream.values() for reply in script]
    refusals = [reply for reply in replies if reply.status >= 400]
    if len(refusals) != 1 or scenario.features or refusals[0].stream:
        return None
    return refusals[0]


def _without_words(scenario: Scenario, status: int) -> Scenario:
    def bare(reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        return replace(reply, name=str(status), status=status, headers=_PLAIN, body={}, source="")

    upstream = {to: tuple(map(bare, script)) for to, script in scenario.upstream.items()}
    return replace(scenario, id=f"{scenario.id} with a plain {status}", upstream=upstream)


def _watched(scenario: Scenario) -> Scenario:
    """Take the same scenario, with a look at the entries after each phase."""
    phases = (replace(p, expect=replace(p.expect, state=None)) for p in scenario.phases)
    return replace(scenario, id=f"{scenario.id}, watched", phases=tuple(phases))


def _same(one: Check, other: Check) -> bool:
    """Tell whether the pool did the same, and told the same of its entries."""
    return (one.wires, one.states) == (other.wires, other.states)


def _passed(check: Check) -> Check:
    """Leave a difference with the rule on what the class leads to, and let the class pass."""
    return replace(check, outcome=Outcome.PASS, reason=None)


def _what_it_did(check: Check) -> Json:
    """Say what was sent in each phase, and what was told of the entries at its end."""
    return [
        {"wire": [*wire], "state": [*state]} if state else {"wire": [*wire]}
        for wire, state in zip(check.wires, check.states, strict=True)
    ]


def _unread(check: Check, shown: Check, plainest: Check, failure: str) -> Check:
    """Charge a reply that was treated like any other of its status."""
    owner = check.scenario.ids[0]
    finding = Finding(
        phase=1,
        kind=_KIND,
        requirement=owner,
        severity=table().severity(owner, _KIND),
        expected=_what_it_did(plainest),
        actual=_what_it_did(shown),
        about=failure,
    )
    return replace(check, outcome=Outcome.FAIL, reason=None, findings=(*check.findings, finding))
