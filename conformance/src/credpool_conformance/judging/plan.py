"""Write out what a phase was to send: the requests in their order, and what came of each.

A scenario may leave room; the plan is then the alternative that what was sent follows the longest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.scenarios.match import ANY, matches
from credpool_conformance.scenarios.scenario import Entry, Expected, Origin, Phase, Scenario

OK: Final = "ok"
UNKNOWN: Final = "*"
_LATITUDE: Final = ("one_of", "starts_with", "unordered")
FAULTS: Final = frozenset({"overloaded", "server_error", "-"})
"""The statuses that a gateway may answer by sending the request again in place."""

STAY: Final = frozenset({"overloaded", "server_error", "request_error"})
"""The classes after which a call ends with the reply."""

_GROUPS: Final[Mapping[str, str]] = {
    **dict.fromkeys(STAY, "stay"),
    **dict.fromkeys(("usage_limited", "out_of_credit", "auth_rejected"), "bench"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request that was to be sent: to whom, the class of the reply, and what came of it."""

    item: Json
    entry: str
    failure: str = UNKNOWN
    action: str = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of a phase, in their order."""

    steps: tuple[Step, ...] = ()

    @property
    def wire(self) -> list[Json]:
        """The requests, as scenarios write them."""
        return [step.item for step in self.steps]


def group(failure: str) -> str:
    """Name the classes that lead to the same steps: within one, only the cooldown differs."""
    return _GROUPS.get(failure, failure)


def attempts(phase: Phase) -> list[Step]:
    """List the attempts that a phase was to tell, of several alternatives the first."""
    return next(iter(_alternatives(phase.expect)), [])


def plan(scenario: Scenario, phase: Phase, actual: Sequence[str], earlier: Sequence[str]) -> Plan:
    """Write out a phase; `earlier` is what its call has sent before, and `actual` all that it sent."""
    entries = {entry.id: entry for entry in scenario.entries}
    told = [list(_requests(attempts, entries)) for attempts in _alternatives(phase.expect)]
    closest = _best(told, actual)
    if phase.expect.wire is None:
        return Plan(steps=tuple(closest))
    wires = [[*earlier, *wire] for wire in _lists(phase.expect.wire)]
    steps = [[Step(item=item, entry=entry_of(item)) for item in wire] for wire in wires]
    return Plan(steps=tuple(_joined(_best(steps, actual), closest)))


def common(wanted: Sequence[Json], actual: Sequence[str]) -> int:
    """Count the requests with which both begin."""
    count = 0
    for expected, item in zip(wanted, actual, strict=False):
        if not matches(expected, item):
            break
        count += 1
    return count


def patient(steps: Sequence[Step], actual: Sequence[str]) -> list[str]:
    """Leave out each request that only repeats one after which a fault was to come."""
    left: list[str] = []
    for item in actual:
        before = steps[len(left) - 1] if 0 < len(left) <= len(steps) else None
        planned = steps[len(left)].item if len(left) < len(steps) else None
        again = bool(left) and item == left[-1] and before is not None and before.failure in FAULTS
        if not again or matches(planned, item):
            left.append(item)
    return left


def entry_of(item: Json) -> str:
    """Name the entry whose secret a request carries, or `-`."""
    name = item if isinstance(item, str) else next(iter(_words(item)), UNKNOWN)
    return name.removeprefix("other:").removeprefix("token:").partition("~")[0]


def _alternatives(expect: Expected) -> list[list[Step]]:
    found: list[list[Step]] = []
    for listed in _lists(expect.attempts or []):
        words = [next(iter(_words(item)), "").split() for item in listed]
        found.append(
            [Step(item=w[0], entry=w[0], failure=w[1], action=w[2]) for w in words if len(w) == 3]
        )
    return found


def _lists(value: Json) -> list[list[Json]]:
    match value:
        case list():
            return [value]
        case dict():
            inner = [value[key] for key in _LATITUDE if key in value]
            choices = [c for i in inner for c in (items(i) if "one_of" in value else [i])]
            return [choice for choice in choices if isinstance(choice, list)]
        case _:
            return []


def _words(item: Json) -> Iterator[str]:
    if isinstance(item, str):
        yield item
    for choice in items(fields(item).get("one_of")) if isinstance(item, dict) else ():
        yield from _words(choice)


def _requests(attempts: Iterable[Step], entries: Mapping[str, Entry]) -> Iterator[Step]:
    for step in attempts:
        entry = entries.get(step.entry)
        yield Step(
            item=on_the_wire(entry, step.entry),
            entry=step.entry,
            failure=step.failure,
            action=step.action,
        )
        if step.action == "refresh":
            yield Step(item=f"token:{step.entry}", entry=step.entry, failure="-", action="token")


def on_the_wire(entry: Entry | None, name: str) -> str:
    """Write the request of an entry as the mock sees it."""
    if entry is None:
        return name
    return entry.secret_id if entry.origin is Origin.MAIN else f"other:{entry.secret_id}"


def _best(found: Sequence[Sequence[Step]], actual: Sequence[str]) -> Sequence[Step]:
    return max(found, key=lambda steps: common([s.item for s in steps], actual), default=())


def _joined(wire: Sequence[Step], told: Sequence[Step]) -> Iterator[Step]:
    """Give each request what was to be told of it."""
    left = [step for step in told if step.action != "token"]
    for step in wire:
        if isinstance(step.item, str) and step.item.startswith(("token:", "device:")):
            yield Step(item=step.item, entry=step.entry, failure="-", action="token")
            continue
        own = next((other for other in left if _fits(step, other)), None)
        if own is None:
            yield step
            continue
        left.remove(own)
        yield Step(item=step.item, entry=own.entry, failure=own.failure, action=own.action)


def _fits(step: Step, other: Step) -> bool:
    return ANY in (step.item, other.item) or step.item == other.item or step.entry == other.entry
