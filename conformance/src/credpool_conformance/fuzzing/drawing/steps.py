"""Choose what happens next in a history, by what the first side has shown so far."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from credpool_conformance.fuzzing.drawing.chances import Chances
from credpool_conformance.fuzzing.drawing.pools import MODELS, NEWCOMERS
from credpool_conformance.fuzzing.ground import Ground
from credpool_conformance.fuzzing.history import History, Raw
from credpool_conformance.fuzzing.side import Play
from credpool_conformance.json_values import Json, items, text

_LENGTHS: Final = {6: 30.0, 10: 40.0, 16: 20.0, 30: 10.0}
_STEPS: Final = (
    0.5,
    1,
    5,
    10,
    30,
    59,
    60,
    61,
    100,
    120,
    300,
    301,
    900,
    901,
    3599,
    3601,
    3601,
    7300,
    86400,
)
_NEAR: Final = (0, 0, -0.5, 0.5)
_WEIGHTS: Final = {
    "call": 55.0,
    "release": 22.0,
    "resume": 22.0,
    "close": 5.0,
    "manage": 12.0,
    "restart": 3.0,
    "crash": 2.0,
    "inspect": 4.0,
}
_FORGOTTEN: Final = ("round_robin", "least_used", "random", "quota_aware")
"""Strategies that go by what need not be durable, so that nobody restarts under them."""

_VERBS: Final = {
    "list": 4.0,
    "add": 10.0,
    "remove": 12.0,
    "disable": 12.0,
    "enable": 14.0,
    "models": 6.0,
    "reset": 14.0,
    "rename": 4.0,
    "priority": 12.0,
    "move": 10.0,
    "strategy": 6.0,
}


class Steps:
    """The events of one history, phase after phase."""

    def __init__(self, history: History, chances: Chances, ground: Ground) -> None:
        """Begin before anything has happened."""
        self._chances = chances
        self._ground = ground
        self._left = chances.weighted(_LENGTHS)
        self._calls = 0
        self._new = [*NEWCOMERS]
        self._known = [*history.entries]
        self._processes = [text(name) for name in items(history.given.get("processes"))] or ["main"]
        lasting = history.given.get("strategy") not in _FORGOTTEN
        self._may: Mapping[str, bool] = {
            "manage": ground.has("operator"),
            "close": ground.has("lease"),
            "restart": lasting and ground.has("store"),
            "crash": lasting and ground.has("store"),
        }
        self._sessions = lasting and ground.has("affinity") and chances.happens(0.4)

    def __call__(self, play: Play) -> Raw | None:
        """Choose the next phase; nothing, when the history has come to its end."""
        if not self._left:
            return None
        self._left -= 1
        there: Mapping[str, tuple[str, ...]] = {
            "release": play.held,
            "resume": (*play.waiting, *play.streaming),
            "close": play.streaming,
        }
        # In process nobody can end the threads of what was killed, so nothing is under way then.
        busy = bool(play.held or there["resume"])
        weights = {
            kind: weight
            for kind, weight in _WEIGHTS.items()
            if self._may.get(kind, True)
            and there.get(kind, (kind,))
            and not (kind == "crash" and busy)
        }
        # With `in-band` a stream is a success when it has come to its end, and without when it begins.
        ends = play.streaming and "in-band" in self._ground.alone
        kind = "resume" if ends else self._chances.weighted(weights)
        phase = self._phase(kind, there.get(kind, ()), play)
        return {**self._later(kind, play), **phase}

    def _phase(self, kind: str, there: tuple[str, ...], play: Play) -> dict[str, Json]:
        phase: dict[str, Json]
        match kind:
            case "call":
                phase = {"call": self._call(streams=bool(play.streaming))}
            case "manage":
                phase = {"manage": self._verb()}
            case "release" | "resume" | "close":
                return {kind: self._chances.one(there)}
            case _:
                phase = {kind: {}}
        if len(self._processes) > 1 and self._chances.happens(0.5):
            phase["process"] = self._processes[1]
        return phase

    def _later(self, kind: str, play: Play) -> dict[str, Json]:
        # A held reply would arrive before the testee has been told the time.
        if kind == "release" or not self._chances.happens(0.4):
            return {}
        edges = [end for end in _ends(play) if end > 0]
        if edges and self._chances.happens(0.6):
            seconds = self._chances.one(edges) + self._chances.one(_NEAR)
        else:
            seconds = float(self._chances.one(_STEPS))
        return {"advance": round(seconds, 3)} if seconds > 0 else {}

    def _call(self, *, streams: bool) -> dict[str, Json]:
        """Draw a call; while a stream is kept back, a plain call would wait for the rest of its own."""
        chances, self._calls = self._chances, self._calls + 1
        call: dict[str, Json] = {"as": f"c{self._calls}"}
        if self._ground.has("model-scope") and chances.happens(0.6):
            call["model"] = chances.one(MODELS)
        call |= {"stream": True} if streams or chances.happens(0.12) else {}
        call |= {"follow_redirects": True} if chances.happens(0.15) else {}
        if self._sessions and chances.happens(0.5):
            call["session"] = chances.one(["one", "two"])
        return call

    def _verb(self) -> dict[str, Json]:
        chances = self._chances
        verb = chances.weighted(_VERBS)
        if verb == "add":
            return self._addition()
        particulars: Mapping[str, Callable[[], dict[str, Json]]] = {
            "models": lambda: {"models": [*chances.some(["m1", "m2", "m*"], 2)]},
            "rename": lambda: {"label": chances.one(["first", "second"])},
            "priority": lambda: {"priority": chances.number(-1, 3)},
            "move": self._place,
            "strategy": lambda: {"strategy": chances.one(self._ground.strategies)},
        }
        told: dict[str, Json] = {"do": verb}
        if verb not in ("list", "strategy") and not (verb == "reset" and chances.happens(0.4)):
            told["target"] = chances.one(self._known)
        return {**told, **particulars.get(verb, dict)()}

    def _addition(self) -> dict[str, Json]:
        if not self._new:
            return {"do": "list"}
        name = self._new.pop(0)
        told: dict[str, Json] = {"do": "add", "as": name}
        if self._chances.happens(0.4):
            told["priority"] = self._chances.number(-1, 3)
        return told

    def _place(self) -> dict[str, Json]:
        if self._chances.happens(0.3):
            return {"before": self._chances.one(self._known)}
        return {"to": self._chances.one(["first", "last", "up", "down"])}


def _ends(play: Play) -> Iterator[float]:
    """Yield in how many seconds something ends: cooldowns, and what tokens and probes count by."""
    seen = play.last
    if seen is None:
        return
    for entry in seen.state.entries if seen.state else ():
        for one in (entry.cooldown, *entry.models.values()):
            if one.until is not None and one.until - seen.now < 1e6:
                yield one.until - seen.now
    for given in play.scenario.given.entries:
        if given.expires_in is not None:
            left = given.expires_in - play.setup.clock.elapsed
            yield from (left - 120, left - 30, left)
