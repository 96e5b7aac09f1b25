"""Say which requirements a scenario's script needs on its way, besides those that it verifies.

A pool that breaks one of these never comes to the subject, so a scenario names them under `uses`.
"""

from collections.abc import Iterator
from typing import Final

from credpool_conformance.judging.plan import attempts
from credpool_conformance.scenarios.scenario import Scenario

RETRY: Final = "recover.rate-limited.retry-once"
REFRESH: Final = "recover.auth-expired.refresh"
_ABOUT_RETRIES: Final = (
    "recover.rate-limited.",
    "recover.bounded",
    "recover.outage-guard",
    "cooldown.sole",
)
_STRATEGIES: Final = ("round_robin", "least_used", "random")
_ABOUT_REFRESHES: Final = ("oauth.", "recover.auth-expired.", "recover.look-again", "borrow.")


def unnamed(scenario: Scenario) -> set[str]:
    """List what the script needs that the scenario neither verifies nor names.

    A strategy and a refresh are seen in the script; a retry looks like any step, so it is named.
    """
    return {id_ for id_ in needed(scenario) if id_ == RETRY and id_ not in scenario.uses}


def superfluous(scenario: Scenario) -> set[str]:
    """List what the scenario names that its script does not need."""
    return {*scenario.uses} - needed(scenario)


def needed(scenario: Scenario) -> set[str]:
    """List what the script needs and the scenario does not verify."""
    verified = {reference.partition("+")[0] for reference in scenario.verifies}
    return {id_ for id_, about in _steps(scenario) if not _any(verified, about)}


def _steps(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...]]]:
    actions = {step.action for phase in scenario.phases for step in attempts(phase)}
    if "retry" in actions:
        yield RETRY, _ABOUT_RETRIES
    if "refresh" in actions:
        yield REFRESH, _ABOUT_REFRESHES
    strategy = scenario.given.strategy
    if strategy in _STRATEGIES:
        yield f"select.{strategy.replace('_', '-')}", ("select.",)
    if strategy == "quota_aware":
        yield "quota.forms", ("quota.",)
    if scenario.given.policy.get("payer_change") == "forbid":
        yield "payer.known", ("payer.known",)
    if "in-band" in scenario.features:
        yield "in-band.first", ("in-band.",)


def _any(verified: set[str], beginnings: tuple[str, ...]) -> bool:
    return any(id_.startswith(beginnings) for id_ in verified)
