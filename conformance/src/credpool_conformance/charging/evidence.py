"""The evidence for the verdict on a phase: the plan, the observations, and the phases before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.judging.plan import OK, UNKNOWN, Plan, Step, attempts, group
from credpool_conformance.judging.wording import state_in_words
from credpool_conformance.scenarios.match import Matcher
from credpool_conformance.scenarios.profile import Profile
from credpool_conformance.scenarios.scenario import Phase, Scenario
from credpool_conformance.testee.observed import Observed, PoolState

NOT_FAILING: Final = (None, OK, "-", UNKNOWN)
_HINTS: Final = re.compile(
    r"retry-after|ratelimit-reset|resets?_|\$(epoch|iso|date)|try again in|retrydelay|retry_after"
)
_RULES: Final = {
    "rate_limited": "recover.rate-limited.rotate-second",
    "auth_expired": "recover.auth-expired.failed",
    "-": "recover.no-reply",
    OK: "recover.bounded",
}


def rule_of(failure: str | None) -> str:
    """Name the requirement that says what a reply of this class leads to."""
    return _RULES.get(failure or UNKNOWN, "recover.table")


@dataclass(slots=True)
class History:
    """Of each entry the class of its latest reply: as it was to be, and as the pool called it."""

    planned: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    advanced: bool = False
    state: PoolState | None = None
    """The pool's words on its entries at the end of the phase before."""

    def failing(self, entry: str | None) -> bool:
        """Tell whether the latest reply to an entry was to be a failure."""
        return entry is not None and self.planned.get(entry) not in NOT_FAILING

    def misread(self, entry: str) -> bool:
        """Tell whether the pool called that reply something that leads elsewhere."""
        was, said = self.planned.get(entry), self.told.get(entry)
        return (
            self.failing(entry)
            and said not in NOT_FAILING
            and group(said or "") != group(was or "")
        )


@dataclass(frozen=True)
class Scene:
    """One phase of a scenario, as it was to be and as it was."""

    scenario: Scenario
    phase: Phase
    seen: Observed
    plan: Plan
    actual: tuple[str, ...]
    history: History
    profile: Profile
    matcher: Matcher

    @cached_property
    def verified(self) -> tuple[str, ...]:
        """The ids of the requirements that the scenario verifies."""
        return tuple(reference.partition("+")[0] for reference in self.scenario.verifies)

    @cached_property
    def attempts(self) -> list[Step]:
        """The expected events of each request."""
        return attempts(self.phase)

    @cached_property
    def told(self) -> list[str | None]:
        """The classes that the pool told, in their order; null where it told none."""
        classes = "class" in self.profile.tells
        return [made.failure if classes else None for made in self.seen.result.attempts]

    @cached_property
    def redirected(self) -> bool:
        """Tell whether the provider sends the pool elsewhere."""
        return any(r.redirect for script in self.scenario.upstream.values() for r in script)

    @property
    def strategy(self) -> str:
        """Name the requirement on the strategy that chooses."""
        name = self.scenario.given.strategy
        if name == "quota_aware":
            return "select.quota-aware.most-left"
        return "select." + (name or "default").replace("_", "-")

    def latest(self, entry: str) -> str | None:
        """Name the class of the latest reply to an entry, in this phase or before it."""
        now = [step.failure for step in self.attempts if step.entry == entry]
        return now[-1] if now else self.history.planned.get(entry)

    def is_out(self, entry: str) -> bool | None:
        """Tell whether the pool said before this phase that an entry is out; null if nobody asked."""
        states = self._states
        if states is None:
            return None
        state = states.get(entry) or OK
        return not state.startswith(OK) or "; " in state

    @cached_property
    def _states(self) -> Mapping[str, str] | None:
        if self.history.state is None:
            return None
        begun = self.seen.wire[0].at if self.seen.wire else self.seen.now
        return state_in_words(self.history.state, begun)

    @property
    def unhinted(self) -> str | None:
        """Name the class of the latest failure that puts an entry out for its usual time."""
        failing = (e.id for e in self.scenario.entries if self.history.failing(e.id))
        usual = (id_ for id_ in failing if self.lengths(id_) == ["cooldown.default"])
        return next((self.history.planned[id_] for id_ in usual), None)

    def lengths(self, entry: str) -> list[str]:
        """Name the requirements on how long an entry is out."""
        script = self.scenario.upstream.get(entry, ())
        hinted = _HINTS.search(str([(reply.headers, reply.body) for reply in script]).lower())
        return ["cooldown.hint", "cooldown.default"] if hinted else ["cooldown.default"]


def folded(wire: Sequence[Json]) -> list[Json]:
    """Leave out each request that only repeats the one before it."""
    return [item for at, item in enumerate(wire) if not at or item != wire[at - 1]]
