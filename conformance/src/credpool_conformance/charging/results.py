"""Name what is wrong in a phase whose requests were as planned."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from credpool_conformance.charging.evidence import Scene
from credpool_conformance.charging.first_difference import RETRY, Charge
from credpool_conformance.charging.state import Wrong, same_reasons, wrong_states
from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.judging.plan import STAY
from credpool_conformance.testee.observed import CallResult

_Name: TypeAlias = Callable[[Scene, Json, Json], Iterator[Wrong]]
_EVENTS: Final[Mapping[str, str]] = {
    "entry.cooled": "events.out",
    "entry.died": "events.out",
    "entry.recovered": "events.back",
    "entry.switched": "events.switch",
    "entry.refreshed": "events.refresh",
    "refresh.failed": "events.refresh",
    "entry.unusable": "pool.unusable.told",
    "payer.changed": "payer.changed",
    "owner.shared": "owner.shared",
    "pool.exhausted": "events.exhausted",
}


_LOGINS: Final[Mapping[str, str]] = {
    "the code that the provider gave": "login.device.prompt",
    "the address that the provider gave": "login.device.prompt",
    "the client": "login.client",
    "code_challenge": "login.browser.pkce",
    "code_verifier": "login.browser.pkce",
    "the code is not": "login.browser.pkce",
    "state": "login.browser.state",
    "redirect": "login.browser.loopback",
}


def outcome(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Name another outcome by what the call was to end with."""
    if str(expected).startswith("refused") or str(actual).startswith("refused"):
        known = scene.strategy if str(actual).startswith("refused unknown_strategy") else None
        owner = (
            known
            if known and not str(expected).startswith("refused")
            else "select.unknown-strategy"
        )
        yield Wrong(Charge("refusal", (owner,)), expected, actual)
        return
    kind = "raised" if str(actual).startswith("raised") else "outcome"
    yield Wrong(Charge(kind, (_of_the_end(scene, expected),)), expected, actual)


def _of_the_end(scene: Scene, expected: Json) -> str:
    last = scene.attempts[-1].failure if scene.attempts else ""
    if expected == "exhausted":
        return "exhaust.nothing-sent"
    if str(expected).startswith("streaming"):
        return "recover.stream.not-drained"
    if scene.phase.expect.exhausted:
        return "exhaust.last-reply"
    if last in STAY:
        return "recover.table"
    return "recover.no-reply" if last == "-" else "reply.unchanged"


def reply(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Name a reply that was changed."""
    over = scene.phase.expect.exhausted
    yield Wrong(
        Charge("reply", ("exhaust.last-reply" if over else "reply.unchanged",)), expected, actual
    )


def headers(_: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Tell a header that is missing from one that the pool had no business to write."""
    asked = fields(expected).get("x-should-retry") == "false"
    owner = "exhaust.no-sdk-retry" if asked else "exhaust.sdk-retry"
    yield Wrong(Charge("should-retry", (owner,)), expected, actual)


def attempts(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Compare the log of a call, step by step: classes are judged where the pool tells any."""
    listed = [str(item).split() for item in items(actual)]
    steps = scene.attempts
    if len(listed) != len(steps):
        yield Wrong(Charge("log"), expected, actual)
    for step, words in zip(steps, listed, strict=False):
        said = words[1]
        if words[0] != step.entry and step.entry != "*":
            yield Wrong(Charge("log"), step.entry, words[0])
        elif "class" not in scene.profile.tells or said == "-" or step.failure in ("*", "-", said):
            continue
        else:
            yield Wrong(Charge("class", ("classify.registry",)), step.failure, said)


def exhausted(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Name wrong reasons, or a wrong moment of return; words only where the pool tells any."""
    if "class" not in scene.profile.tells and scene.matcher.matches(nameless(expected), actual):
        return
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        yield Wrong(Charge("exhausted", ("exhaust.reasons",)), expected, actual)
        return
    if "class" not in scene.profile.tells:
        expected = fields(nameless(expected))
    elif not same_reasons(expected, actual):
        yield Wrong(Charge("exhausted", ("exhaust.reasons",)), expected, actual)
        return
    if not scene.matcher.matches(expected.get("entries"), actual.get("entries")):
        entry = next(iter(fields(expected.get("entries"))), "")
        yield Wrong(Charge("returns", (*scene.lengths(entry), "exhaust.reasons")), expected, actual)
    else:
        first = next(iter(fields(actual.get("entries"))), "")
        owners = scene.lengths(first) if _is_earliest(actual) else ["exhaust.returns-at"]
        yield Wrong(
            Charge("until" if _is_earliest(actual) else "returns", (*owners,)), expected, actual
        )


def _is_earliest(told: Mapping[str, Json]) -> bool:
    """Tell whether a pool returns when the first of its entries does, by its own words."""
    words = [str(why).split() for why in fields(told.get("entries")).values()]
    moments = [float(left[-1].lstrip("+")) for left in words if left and left[-1].startswith("+")]
    returns = told.get("returns")
    return isinstance(returns, int | float) and bool(moments) and abs(min(moments) - returns) < 0.01


def nameless(expected: Json) -> Json:
    """Leave out of what is told of an exhausted pool how it calls the reasons."""
    if not isinstance(expected, dict) or not isinstance(expected.get("entries"), dict):
        return expected
    told = fields(expected["entries"])
    entries: Json = {k: " ".join(["*", *str(why).split()[1:]]) for k, why in told.items()}
    return {**expected, "entries": entries}


def events(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Name the first event that differs."""
    wanted, found = items(expected), items(actual)
    at = next(
        (
            n
            for n, (w, f) in enumerate(zip(wanted, found, strict=False))
            if not scene.matcher.matches(w, f)
        ),
        None,
    )
    at = min(len(wanted), len(found)) if at is None else at
    missing = at < len(wanted)
    name = str(wanted[at] if missing else found[at]).partition(" ")[0]
    owner = _EVENTS.get(name, "events.own") if missing else "events.quiet"
    yield Wrong(Charge("events", (owner,)), expected, actual)


def store(_: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Tell a file that is not valid from one that holds something else."""
    kind = "file" if expected == [] else "store"
    owner = "store.schema" if kind == "file" else "store.durable"
    yield Wrong(Charge(kind, (owner,)), expected, actual)


def listing(_: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Tell a listing that is no document of the schema from one that shows something else."""
    no_document = expected == [] and ": " in str(actual)
    owner = "operator.list.document" if no_document else "operator.list.complete"
    yield Wrong(Charge("document" if no_document else "listing", (owner,)), expected, actual)


def login(_: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Name each fault of a login by what it is about."""
    for fault in items(actual):
        owner = next((id_ for word, id_ in _LOGINS.items() if word in str(fault)), "login.client")
        yield Wrong(Charge("login", (owner,)), expected, fault)


def _simply(kind: str, *owners: str) -> _Name:
    def name(_: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
        yield Wrong(Charge(kind, owners), expected, actual)

    return name


ASPECTS: Final[Mapping[str, _Name]] = {
    "outcome": outcome,
    "waits": _simply("wait", RETRY),
    "reply": reply,
    "headers": headers,
    "attempts": attempts,
    "state": wrong_states,
    "exhausted": exhausted,
    "earliest": _simply("earliest", "exhaust.returns-at"),
    "counts": _simply("counts", "select.count"),
    "labels": _simply("labels", "pool.identity"),
    "events": events,
    "store": store,
    "names": _simply("names", "operator.target.refused"),
    "listing": listing,
    "login": login,
}
"""The possible charges of each aspect of a phase, in the order in which they are checked."""


def named(scene: Scene, aspect: str, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Yield what is wrong in one aspect.

    Raises: KeyError when nobody knows the aspect.
    """
    yield from ASPECTS[aspect](scene, expected, actual)


def last_class(result: CallResult) -> dict[str, str]:
    """Return of each entry the class that the pool gave its latest reply."""
    return {made.entry: made.failure or "-" for made in result.attempts}
