"""Read one check, phase after phase: name what differs, and enter it in the check's account.

After a step that leaves the plan only secrets and requests are read.  Whose a difference is, and what
it makes of the check, is `account`'s.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from credpool_conformance.charging import results
from credpool_conformance.charging.account import Account, Finding
from credpool_conformance.charging.evidence import History, Scene, folded, rule_of
from credpool_conformance.charging.first_difference import Charge, first_step
from credpool_conformance.charging.safety import strangers
from credpool_conformance.charging.state import Wrong
from credpool_conformance.judging.judge import Failure
from credpool_conformance.judging.pauses import forgiven
from credpool_conformance.judging.plan import OK, Plan, common, patient, plan
from credpool_conformance.judging.tampering import ANOTHER
from credpool_conformance.judging.wording import state_in_words
from credpool_conformance.scenarios.clock import Clock, MachineClock
from credpool_conformance.scenarios.match import Matcher
from credpool_conformance.scenarios.profile import Profile
from credpool_conformance.scenarios.scenario import Phase, Scenario
from credpool_conformance.testee.observed import Observed

_WHOLE: Final = 1.0  # a pool may keep its moments in whole seconds
_REPEATS: Final = frozenset({"retry", "same", "on", "after"})
_IGNORED: Final = frozenset(
    {"outcome", "waits", "reply", "headers", "exhausted", "counts", "attempts", "events"}
)
"""The other conditions of a call that repeats itself."""


class CheckCharges:
    """The charges of one check, phase after phase."""

    def __init__(
        self, scenario: Scenario, profile: Profile, binds: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Begin with nothing to charge; `binds` tells which requirements are for this pool at all."""
        self.followed: set[str] = set()
        """The classes of the replies after which the pool did what was planned."""
        self.wires: list[tuple[str, ...]] = []
        self.states: list[tuple[str, ...]] = []
        self._scenario = scenario
        self._profile = profile
        self._account = Account(scenario, profile, binds)
        self._history = History()
        self._repeat: tuple[int, Finding] | None = None
        self._matcher = Matcher()
        self._asked: set[str] = set()
        self._wanted: set[str] = set()

    @property
    def findings(self) -> list[Finding]:
        """List the differences, each with the requirement whose it is."""
        return self._account.findings

    @property
    def own(self) -> list[str]:
        """List which of the requirements that the scenario verifies were found broken."""
        found = (finding.requirement for finding in self.findings)
        return [id_ for id_ in found if id_ in self._scenario.ids]

    @property
    def reached(self) -> bool:
        """Tell whether everything was compared, to the end of the scenario."""
        return self._account.cause is None

    def outcome(self) -> tuple[str, str | None]:
        """Say how the check ended, and what it needs first if it came to no conclusion."""
        return self._account.outcome(complete=self._wanted <= self._asked)

    def matcher(self, phase: Phase, seen: Observed, clock: Clock) -> Matcher:
        """Say how exactly the moments of a phase are to be what was planned."""
        if isinstance(clock, MachineClock):
            self._matcher = Matcher(early=clock.elapsed + _WHOLE, late=_WHOLE)
        else:
            beyond = forgiven(self._scenario, phase, seen.waits) or 0.0
            # words are rounded to the millisecond
            rounded = beyond + 0.001 if beyond else 0.0
            self._matcher = Matcher(early=round(self._matcher.early + rounded, 6))
        return self._matcher

    def phase(self, phase: Phase, seen: Observed, failures: Sequence[Failure]) -> None:
        """Take the differences of one phase."""
        progress = seen.progress
        before = progress.before if progress else 0
        earlier = [item.item for item in progress.requests[:before]] if progress else []
        actual = [*earlier, *(item.item for item in seen.wire)]
        self._keep(actual, seen)
        self._history.advanced = self._history.advanced or phase.advance > 0
        planned = plan(self._scenario, phase, actual, earlier)
        kept = patient(planned.steps, actual)
        self._account.in_place = kept != actual
        if self._profile.retries_faults and kept != actual:
            actual, self._repeat = kept, self._repeat or (seen.number, _in_place(seen.number))
            if _moved_on(seen):
                self._account.derailed = self._account.derailed or self._repeat[1]
        scene = Scene(
            self._scenario,
            phase,
            seen,
            planned,
            tuple(actual),
            self._history,
            self._profile,
            self._matcher,
        )
        self._asked |= {*actual}
        self._wanted |= {item for item in planned.wire if isinstance(item, str)}
        self.followed.update(_followed(planned, actual))
        self._judge(scene, failures)
        self._history.planned |= {step.entry: step.failure for step in scene.attempts}
        self._history.told |= results.last_class(seen.result)
        self._history.state = seen.state or self._history.state

    def _keep(self, actual: Sequence[str], seen: Observed) -> None:
        """Write down what was sent and told, for comparisons with other checks."""
        told = state_in_words(seen.state, seen.now) if seen.state else {}
        self.wires.append(tuple(actual))
        self.states.append(tuple(f"{entry}: {words}" for entry, words in told.items()))

    def end(self, wrongs: Iterable[Wrong]) -> None:
        """Take what can be said only when the scenario is over: secrets, and calls without an end."""
        for wrong in wrongs:
            if wrong.charge.kind in ("sent", "said") or self._account.derailed is None:
                self._account.charge(0, wrong)

    def _judge(self, scene: Scene, failures: Sequence[Failure]) -> None:
        """Judge a phase; after a derailment only what happened to secrets and requests."""
        self._account.now = number = scene.seen.number
        for failure in failures:
            if failure.aspect in ("request", "header"):
                self._changed(number, failure)
        for wrong in strangers(scene):
            self._account.charge(number, wrong, blocks=True)
        if self._account.derailed is not None:
            return
        told = {f.aspect: f for f in failures if f.aspect not in ("request", "header")}
        if "reply" in self._profile.translates:
            told.pop("reply", None)
        if scene.seen.note:
            self._noted(scene, scene.seen.note)
            return
        if self._follows_a_repeat(scene, told):
            return
        wire = told.pop("wire", None)
        if wire is None or _is(told, "refused"):
            self._rest(scene, told)  # who was refused has sent nothing
        elif not self._left_the_plan(scene, wire, told):
            self._rest(scene, told, repeated=True)

    def _noted(self, scene: Scene, note: str) -> None:
        """Charge a call without an end, or one that did not come to where its next phase begins."""
        number = scene.seen.number
        before = [f for f in self.findings if (f.requirement or f.others) and f.phase < number]
        if scene.seen.outcome == "nothing" and before:
            self._account.derailed = before[0]
            return
        endless = Wrong(Charge("endless", ("recover.bounded",)), "an end", note)
        self._account.charge(scene.seen.number, endless, blocks=True)

    def _follows_a_repeat(self, scene: Scene, told: Mapping[str, Failure]) -> bool:
        """Tell whether what differs comes of a repeat before: the later replies are then others."""
        if self._repeat is None:
            return False
        number, finding = self._repeat
        in_place = finding.requirement is None
        slight = {
            "waits",
            "counts",
            "attempts",
            *(["wire"] if in_place and first_step(scene) is None else []),
        }
        if (number == scene.seen.number and not in_place) or not told.keys() - slight:
            return False
        self._account.derailed = finding
        return True

    def _changed(self, number: int, failure: Failure) -> None:
        if failure.aspect in self._profile.translates:
            return
        owner = "request.unchanged" if failure.aspect == "request" else "security.caller-headers"
        wrong = Wrong(Charge(failure.aspect, (owner,)), failure.expected, failure.actual)
        # one that is not the caller's has had a reply that was for the caller's
        self._account.charge(number, wrong, blocks=str(failure.actual).startswith(ANOTHER))

    def _left_the_plan(self, scene: Scene, wire: Failure, told: Mapping[str, Failure]) -> bool:
        """Charge the first step that differs; tell whether the rest of the phase means nothing."""
        number = scene.seen.number
        missing = {item for item in scene.plan.wire if isinstance(item, str)} - {*scene.actual}
        if "recover.all-tried" in self._scenario.ids and "outcome" in told and missing:
            step: Charge | None = Charge("stop", ("recover.all-tried",))
        elif _is(told, "raised"):
            step = Charge("raised", _of_a_raise(scene))
        else:
            step = first_step(scene)
        if step is None:
            return False
        if scene.phase.back:
            step = replace(step, about=scene.unhinted)
        alike = folded(scene.plan.wire) == folded(scene.actual) and "outcome" not in told
        repeats = (
            step.kind in _REPEATS and alike and not self._account.is_mine(step.kind, step.owners)
        )
        self._account.charge(number, Wrong(step, wire.expected, wire.actual), blocks=not repeats)
        if repeats and self._repeat is None and self.findings:
            self._repeat = number, self.findings[-1]
        return not repeats

    def _rest(self, scene: Scene, told: Mapping[str, Failure], *, repeated: bool = False) -> None:
        for aspect in results.ASPECTS:
            failure = told.get(aspect)
            if failure is None or (repeated and aspect in _IGNORED):
                continue
            for wrong in results.named(scene, aspect, failure.expected, failure.actual):
                if self._matcher.matches(wrong.expected, wrong.actual):
                    continue
                self._account.charge(
                    scene.seen.number, wrong, blocks=wrong.charge.kind == "refusal"
                )


def _of_a_raise(scene: Scene) -> tuple[str, ...]:
    """Say which rule an exception of the product breaks: by what it was to do when it raised."""
    entries = scene.scenario.given.entries
    if any(not entry.has_secret for entry in entries) or not scene.actual:
        return "select.available", "pool.unusable"
    failing = [s.failure for s in scene.attempts[: len(scene.actual)] if s.failure != OK]
    return (rule_of(failing[-1]),) if failing else ("reply.unchanged",)


def _moved_on(seen: Observed) -> bool:
    """Tell whether a request that was sent again in place had another reply than before."""
    pairs = zip(seen.wire, seen.wire[1:], strict=False)
    told = ((one.item == two.item, one.sent, two.sent) for one, two in pairs)
    return any(
        same and one and two and (one.status, one.drop) != (two.status, two.drop)
        for same, one, two in told
    )


def _in_place(number: int) -> Finding:
    """Write down that a fault was answered in place, which makes the later replies others."""
    told = "the request again, in place"
    return Finding(
        phase=number,
        kind="log",
        requirement=None,
        others=("recover.fault.in-place",),
        severity="telling",
        expected=None,
        actual=told,
    )


def _is(told: Mapping[str, Failure], outcome: str) -> bool:
    return "outcome" in told and str(told["outcome"].actual).startswith(outcome)


def _followed(planned: Plan, actual: Sequence[str]) -> Iterator[str]:
    """Yield the classes of the replies after which the next step was the planned one."""
    whole = len(planned.steps) == len(actual)
    alike = common(planned.wire, actual)
    for place, step in enumerate(planned.steps[:alike], 1):
        if place < alike or (whole and alike == len(actual)):
            yield step.failure
