"""Keep account of one check: each difference once, with the requirement whose it is.

The check fails only if that is one which it verifies.  It is inconclusive if the requests left the
plan before its subject was reached, or if all that can be seen follows from another fault.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.book.yaml_lines import Json
from credpool_conformance.clock import Clock, MachineClock
from credpool_conformance.judge import Failure
from credpool_conformance.judging import rest
from credpool_conformance.judging.pauses import forgiven
from credpool_conformance.judging.plan import Plan, common, patient, plan
from credpool_conformance.judging.safety import strangers
from credpool_conformance.judging.scene import History, Scene, folded, rule_of
from credpool_conformance.judging.state import Wrong
from credpool_conformance.judging.step import Charge, first_step
from credpool_conformance.judging.table import table
from credpool_conformance.match import Matcher
from credpool_conformance.observed import Observed
from credpool_conformance.profile import Profile
from credpool_conformance.scenario import Phase, Release, Scenario

_WHOLE: Final = 1.0  # a pool may keep its moments in whole seconds
_FIRST: Final = frozenset({"order", "out", "nothing"})
_CAUSES: Final = frozenset({"status", "killed", "until", "models", "class", "ids", "counts"})
_FOLLOW: Final = frozenset({*_FIRST, "events", "store", "listing", "exhausted", "returns"})
_STATES: Final = frozenset({"status", "killed", "until"})
_REPEATS: Final = frozenset({"retry", "same", "on", "after"})
_SAFE: Final = (
    "security.",
    "exhaust.same-provider",
    "affinity.private",
    "request.",
    "oauth.refresh-token.apart",
    "oauth.access-token.apart",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference and the requirement whose it is; a note on the adapter has none."""

    phase: int
    kind: str
    requirement: str | None
    others: tuple[str, ...] = ()
    """What else the check verifies that this difference may break as well."""
    severity: str
    expected: Json
    actual: Json
    about: str | None = None
    """The class of the reply that the pool took for another one's, if that is what happened."""


class Ledger:
    """The account of one check, phase after phase."""

    def __init__(
        self, scenario: Scenario, profile: Profile, binds: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Begin with nothing to charge; `binds` tells which requirements are for this pool at all."""
        self.findings: list[Finding] = []
        self.followed: set[str] = set()
        """The classes of the replies after which the pool did what was planned."""
        self._scenario = scenario
        self._profile = profile
        self._binds = binds
        self._verified = [reference.partition("+")[0] for reference in scenario.verifies]
        self._history = History()
        self._derailed: Finding | None = None
        self._unsure: Finding | None = None
        self._repeat: tuple[int, Finding] | None = None
        self._matcher = Matcher()
        self._states: dict[str, Finding] = {}
        self._number = 0
        self._subject = _subject(scenario)
        self._asked: set[str] = set()
        self._wanted: set[str] = set()

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
        self._history.advanced = self._history.advanced or phase.advance > 0
        planned = plan(self._scenario, phase, actual, earlier)
        if self._profile.retries_faults and (kept := patient(planned.steps, actual)) != actual:
            actual, self._repeat = kept, self._repeat or (seen.number, _in_place(seen.number))
            if _moved_on(seen):
                self._derailed = self._derailed or self._repeat[1]
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
        self._history.told |= rest.last_class(seen.result)
        self._history.state = seen.state or self._history.state

    def end(self, wrongs: Iterable[Wrong]) -> None:
        """Take what can be said only when the scenario is over: secrets, and calls without an end."""
        for wrong in wrongs:
            if wrong.charge.kind in ("sent", "said") or self._derailed is None:
                self.charge(0, wrong)

    def charge(self, number: int, wrong: Wrong, *, blocks: bool = False) -> None:
        """Charge a difference to a verified requirement that it decides, or else to its owner."""
        kind, owners = wrong.charge.kind, wrong.charge.owners
        if kind in self._profile.untold:
            return
        if kind in _STATES and (cause := self._states.get(_entry(wrong))) and cause.phase < number:
            self._unsure = self._unsure or cause
            return
        if kind in _FOLLOW and (cause := self._cause()):
            if kind in _FIRST:
                self._derailed = self._derailed or cause
            self._unsure = self._unsure or cause
            return
        found = self._owners(kind, owners)
        binding = [id_ for id_ in found if self._binds(id_)]
        owner, others = next(iter(binding), None), binding[1:]
        known = any((f.requirement, f.kind) == (owner, kind) for f in self.findings)
        finding = Finding(
            phase=number,
            kind=kind,
            requirement=owner,
            others=tuple(others if owner else found),
            severity=table().severity(owner, kind) if owner else "telling",
            expected=wrong.expected,
            actual=wrong.actual,
            about=wrong.charge.about,
        )
        if not known:
            self.findings.append(finding)
        if kind in _STATES:
            self._states.setdefault(_entry(wrong), finding)
        if blocks and self._derailed is None:
            self._derailed = finding

    def outcome(self) -> tuple[str, str | None]:
        """Say how the check ended, and what it needs first if it came to no conclusion."""
        if any(finding.requirement in self._verified for finding in self.findings):
            return "fail", None
        reached = all(
            id_.startswith(_SAFE) and id_ != "security.redirect.reply" for id_ in self._verified
        )
        cause = None if reached and self._wanted <= self._asked else self._derailed
        cause = cause or self._unsure
        if cause is None:
            return "pass", None
        if cause.requirement is None:
            rules = " or ".join(cause.others) or "a call without repeats"
            return "not-applicable", f"needs {rules}, which is not for this pool"
        return "inconclusive", f"needs {cause.requirement} first"

    def _cause(self) -> Finding | None:
        """Find a fault of another requirement from which the rest may follow."""
        found = (
            f for f in self.findings if f.kind in _CAUSES and f.requirement not in self._verified
        )
        return next(found, None)

    def _owners(self, kind: str, owners: Sequence[str]) -> list[str]:
        """List the verified requirements that a difference can break; if there are none, its owner."""
        mine = [id_ for id_ in owners if id_ in self._verified and not self._is_early(id_)]
        mine += [id_ for id_ in self._verified if self._decides(id_, kind)]
        return [*dict.fromkeys(mine)] or [*owners[:1]]

    def _is_early(self, requirement: str) -> bool:
        """Tell whether this phase only sets the scene for a requirement."""
        return table().rule(requirement).late and 0 < self._number < self._subject

    def _decides(self, requirement: str, kind: str) -> bool:
        if kind in self._scenario.decides:
            return True
        return not self._is_early(requirement) and table().decides(requirement, kind)

    def _judge(self, scene: Scene, failures: Sequence[Failure]) -> None:
        """Judge a phase; after a derailment only what happened to secrets and requests."""
        self._number = number = scene.seen.number
        for failure in failures:
            if failure.aspect in ("request", "header"):
                self._changed(number, failure)
        for wrong in strangers(scene):
            self.charge(number, wrong, blocks=True)
        if self._derailed is not None:
            return
        told = {f.aspect: f for f in failures if f.aspect not in ("request", "header")}
        if "reply" in self._profile.translates:
            told.pop("reply", None)
        if scene.seen.note:
            self.charge(
                number,
                Wrong(Charge("endless", ("recover.bounded",)), "an end", scene.seen.note),
                blocks=True,
            )
            return
        if self._follows_a_repeat(scene, told):
            return
        wire = told.pop("wire", None)
        if wire is None or _is(told, "refused"):
            self._rest(scene, told)  # who was refused has sent nothing
        elif not self._left_the_plan(scene, wire, told):
            self._rest(scene, told, repeated=True)

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
        self._derailed = finding
        return True

    def _changed(self, number: int, failure: Failure) -> None:
        if failure.aspect in self._profile.translates:
            return
        owner = "request.unchanged" if failure.aspect == "request" else "security.caller-headers"
        self.charge(
            number, Wrong(Charge(failure.aspect, (owner,)), failure.expected, failure.actual)
        )

    def _left_the_plan(self, scene: Scene, wire: Failure, told: Mapping[str, Failure]) -> bool:
        """Charge the first step that differs; tell whether the rest of the phase means nothing."""
        number = scene.seen.number
        missing = {item for item in scene.plan.wire if isinstance(item, str)} - {*scene.actual}
        if "recover.all-tried" in self._verified and "outcome" in told and missing:
            step: Charge | None = Charge("stop", ("recover.all-tried",))
        elif _is(told, "raised"):
            last = scene.attempts[-1].failure if scene.attempts else None
            step = Charge("raised", (rule_of(last),))
        else:
            step = first_step(scene)
        if step is None:
            return False
        alike = folded(scene.plan.wire) == folded(scene.actual) and "outcome" not in told
        repeats = step.kind in _REPEATS and alike and not self._is_mine(step)
        self.charge(number, Wrong(step, wire.expected, wire.actual), blocks=not repeats)
        if repeats and self._repeat is None and self.findings:
            self._repeat = number, self.findings[-1]
        return not repeats

    def _is_mine(self, step: Charge) -> bool:
        return any(id_ in self._verified for id_ in self._owners(step.kind, step.owners))

    def _rest(self, scene: Scene, told: Mapping[str, Failure], *, repeated: bool = False) -> None:
        ignored = {
            "outcome",
            "waits",
            "reply",
            "headers",
            "exhausted",
            "counts",
            "attempts",
            "events",
        }
        for aspect in rest.ASPECTS:
            failure = told.get(aspect)
            if failure is None or (repeated and aspect in ignored):
                continue
            for wrong in rest.named(scene, aspect, failure.expected, failure.actual):
                if self._matcher.matches(wrong.expected, wrong.actual):
                    continue
                self.charge(scene.seen.number, wrong, blocks=wrong.charge.kind == "refusal")


def _subject(scenario: Scenario) -> int:
    """Find the phase that a `late` requirement is about: a held reply's release, or the last."""
    phases = enumerate(scenario.phases, 1)
    releases = (number for number, phase in phases if isinstance(phase.action, Release))
    return next(releases, len(scenario.phases))


def _entry(wrong: Wrong) -> str:
    """Name the entry whose state is wrong: what it is in a later phase follows from that."""
    return str(wrong.actual).partition(":")[0]


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
