"""A pool's profile beside its features: which checks apply to it, and in which words.

What it leaves out it has whole.  Spec: conformance; PROTOCOL, `hello`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from credpool_conformance.json_values import Json, items, text
from credpool_conformance.scenarios.coming_back import shows_nothing
from credpool_conformance.scenarios.real_clock import unfit
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.charges import table

_SAYS: Final[Mapping[str, frozenset[str]]] = {
    "class": frozenset({"class"}),
    "until": frozenset({"until", "returns", "earliest"}),
    "count": frozenset({"counts"}),
    "reasons": frozenset({"exhausted"}),
}
TELLS: Final = frozenset(_SAYS)
_REQUESTS: Final = ("request", "header")
_SPREADING: Final = ("round_robin", "least_used", "random", "quota_aware")
_ALWAYS: Final = ("generic",)

CALLER_SENDS: Final = (
    "security.redirect*",
    "security.one-secret",
    "security.caller-headers",
    "recover.stream.*",
    "recover.whole-body",
    "classify.broken-body",
    "classify.bounded-body",
    "request.*",
    "reply.*",
)
"""The parts that belong to the caller where the caller sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The declared values; null means all of them."""

    providers: frozenset[str] | None = None
    strategies: frozenset[str] | None = None
    one_strategy: bool = False
    """It has one alone, and nobody can name another."""
    credentials: frozenset[str] | None = None
    policy: frozenset[str] | None = None
    tells: frozenset[str] = TELLS
    translates: frozenset[str] = frozenset()
    caller_sends: bool = False
    retries_faults: bool = False
    real_clock: bool = False

    def binds(self, requirement: str) -> bool:
        """Tell whether a pool of this profile can be found to break a requirement: nobody breaks a MAY."""
        return self.includes(requirement) and bool(table().rule(requirement).decides)

    def includes(self, requirement: str) -> bool:
        """Tell whether a requirement is for a pool of this profile."""
        of_the_caller = any(fnmatchcase(requirement, pattern) for pattern in CALLER_SENDS)
        translated = {f"{name}.unchanged" for name in self.translates}
        left_out = (self.caller_sends and of_the_caller) or requirement in translated
        decides = table().rule(requirement).decides
        return not left_out and not (decides and decides <= self.untold)

    @property
    def untold(self) -> frozenset[str]:
        """The kinds of difference that this pool cannot show: in what it does not tell, or translates."""
        words = (_SAYS[name] for name in TELLS - self.tells)
        return self.translates.union(*words, _REQUESTS if self.caller_sends else ())

    @property
    def words(self) -> tuple[str, ...]:
        """The limits of this profile, in words."""
        return (
            *(
                f"{name}: {', '.join(sorted(found)) or 'nothing'}"
                for name, found in self._narrowed()
            ),
            *(["caller sends"] if self.caller_sends else []),
            *(["retries faults"] if self.retries_faults else []),
            *(["on the real clock"] if self.real_clock else []),
            *(f"translates the {name}" for name in sorted(self.translates)),
        )

    def _narrowed(self) -> list[tuple[str, frozenset[str]]]:
        lists = {
            "providers": self.providers,
            "strategies": self.strategies,
            "credentials": self.credentials,
            "policy": self.policy,
            "tells": None if self.tells == TELLS else self.tells,
        }
        return [(name, found) for name, found in lists.items() if found is not None]


WHOLE: Final = Profile()
"""A pool that leaves nothing out."""


def profile(raw: Mapping[str, Json]) -> Profile:
    """Read the profile of a `hello`."""

    def listed(name: str, *more: str) -> frozenset[str] | None:
        return frozenset({*map(text, items(raw[name])), *more}) if name in raw else None

    tells = listed("tells")
    return Profile(
        providers=listed("providers", *_ALWAYS),
        strategies=listed("strategies", "fill_first"),
        one_strategy=raw.get("strategies") == [],
        credentials=listed("credentials"),
        policy=listed("policy"),
        tells=TELLS if tells is None else tells,
        translates=listed("translates") or frozenset(),
        caller_sends=raw.get("sends") == "caller",
        retries_faults=raw.get("retries_faults") is True,
        real_clock=raw.get("clock") == "real",
    )


def not_in(scenario: Scenario, declared: Profile) -> str | None:
    """Say why a scenario does not apply to a pool of this profile, if so."""
    given = scenario.given
    types = {entry.auth_type for entry in given.entries}
    lacking = {
        "provider": _lacking({given.provider}, declared.providers),
        "policy": _lacking(given.policy, declared.policy),
        "strategy": ({"any by its name"} if declared.one_strategy else set())
        if "select.unknown-strategy" in scenario.ids
        else _lacking(_strategies(scenario), declared.strategies),
        "credential": _lacking(types, declared.credentials),
    }
    for what, names in lacking.items():
        if names:
            return f"{what} not declared: {', '.join(sorted(map(str, names)))}"
    if not any(map(declared.binds, scenario.ids)):
        return "the caller sends, or it is translated, or not told"
    if declared.real_clock and (why := unfit(scenario)):
        return f"{why}, and the pool runs on the real clock"
    if "until" not in declared.tells and shows_nothing(scenario, moves=not declared.real_clock):
        return "it is shown by `until` alone, which is not told"
    return None


def _strategies(scenario: Scenario) -> set[str | None]:
    """List the strategies that a scenario needs, also those that a configuration file names."""
    given = scenario.given
    files = json.dumps({**given.home}) if given.home else ""
    return {given.strategy} - {None} | {name for name in _SPREADING if name in files}


def _lacking(asked: Iterable[str | None], declared: frozenset[str] | None) -> set[str | None]:
    return set() if declared is None else {*asked} - declared
