"""Find secrets and requests that went where they have no business: by evidence alone.

Spec: security, oauth.refresh-token.apart, oauth.access-token.apart, affinity.private.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from credpool_conformance.charging.evidence import Scene
from credpool_conformance.charging.first_difference import Charge
from credpool_conformance.charging.state import Wrong
from credpool_conformance.judging.plan import on_the_wire
from credpool_conformance.provider.canary import Canary, Kind
from credpool_conformance.provider.requests import Seen
from credpool_conformance.scenarios.scenario import Origin, Scenario
from credpool_conformance.testee.setup import Setup

_FOREIGN: Final = re.compile(r"(other|elsewhere):")
_MIXED: Final = re.compile(r"\+|placeholder")


def leaks(
    scenario: Scenario, setup: Setup, wire: Iterable[Seen], said: Iterable[str]
) -> Iterator[Wrong]:
    """Yield each secret that turned up in an output, or in a request that it may not be in."""
    for canary in setup.canaries.shown(said):
        owner = "affinity.private" if canary.kind is Kind.SESSION else "security.no-leak"
        yield Wrong(Charge("said", (owner,)), [], f"the {canary.named} in the testee's output")
    for seen in wire:
        for canary in seen.canaries:
            if not (_may_go(canary, seen, setup) or _is_told_to_go(scenario, canary, seen)):
                what = f"the {canary.named} in a request [{seen.item}]"
                yield Wrong(Charge("sent", (_broken(scenario, canary, seen),)), [], what)


def strangers(scene: Scene) -> Iterator[Wrong]:
    """Yield what no phase of this scenario was to send: to another host, or with two credentials."""
    planned = str(scene.plan.wire)
    at_home = {on_the_wire(entry, entry.id) for entry in scene.scenario.entries}
    for item in dict.fromkeys(seen.item for seen in scene.seen.wire):
        if item in planned or item in at_home:
            continue
        if _MIXED.search(item):
            yield Wrong(Charge("mixed", ("security.one-secret",)), scene.plan.wire, item)
        elif _FOREIGN.match(item) and not item.endswith(":-") and not item.startswith("elsewhere:"):
            owner = "security.redirect" if scene.redirected else "security.own-origin"
            yield Wrong(Charge("sent", (owner,)), scene.plan.wire, item)
        elif _FOREIGN.match(item):
            kind = "followed" if scene.redirected else "origin"
            owner = "request.redirect" if scene.redirected else "exhaust.same-provider"
            yield Wrong(Charge(kind, (owner,)), scene.plan.wire, item)


def _broken(scenario: Scenario, canary: Canary, seen: Seen) -> str:
    if canary.kind is Kind.SESSION:
        return "affinity.private"
    if canary.kind is Kind.REFRESH:
        return "oauth.refresh-token.apart"
    if seen.request.is_token:
        return "oauth.access-token.apart"
    redirected = any(r.redirect for script in scenario.upstream.values() for r in script)
    return "security.redirect" if redirected else "security.own-origin"


def _is_told_to_go(scenario: Scenario, canary: Canary, seen: Seen) -> bool:
    """Whether the secret goes where its own entry says that it belongs, usable or not."""
    named = next((e.base_url for e in scenario.given.entries if e.id == canary.owner), None)
    host = seen.item.removeprefix("elsewhere:")
    is_access = canary.kind is Kind.ACCESS
    return is_access and host != seen.item and named is not None and host in named


def _may_go(canary: Canary, seen: Seen, setup: Setup) -> bool:
    kind = canary.kind
    if kind is Kind.SESSION:
        return False
    if kind is Kind.PLACEHOLDER or seen.request.is_token:
        return kind is not Kind.ACCESS
    there = setup.origins.get(canary.owner, Origin.MAIN) is seen.request.origin
    return kind is Kind.ACCESS and there and not seen.request.is_device
