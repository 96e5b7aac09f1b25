"""Make a history that shows a difference as short as it gets (delta debugging).

First whole steps are dropped, then entries and replies, then what is left is made simpler.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from credpool_conformance.fuzzing.history import History, Raw, id_of
from credpool_conformance.json_values import Json, fields, items

Item = TypeVar("Item")
Shows = Callable[[History], bool]
"""Whether a history still shows the difference."""

_MOST_TRIES: Final = 600
_ROUND: Final = (1, 10, 61, 301, 3601, 100000)


class Shrinking:
    """One difference under way to its shortest history."""

    def __init__(self, history: History, shows: Shows) -> None:
        """Begin with a history that shows it."""
        self.history = history
        self.tries = 0
        self._shows = shows

    def shortest(self) -> History:
        """Try until nothing more can be left out."""
        before = None
        while before != self.history and self.tries < _MOST_TRIES:
            before = self.history
            self._without_steps()
            for simpler in _SIMPLER:
                self._each(simpler)
        return self.history

    def _try(self, candidate: History) -> bool:
        if self.tries >= _MOST_TRIES:
            return False
        self.tries += 1
        if not self._shows(candidate):
            return False
        self.history = candidate
        return True

    def _without_steps(self) -> None:
        """Drop steps: the first half, the second, then quarters, down to single ones."""
        size = max(len(self.history.phases) // 2, 1)
        while True:
            start = 0
            while start < len(self.history.phases):
                phases = self.history.phases
                left = (*phases[:start], *phases[start + size :])
                if not left or not self._try(replace(self.history, phases=left)):
                    start += size
            if size == 1:
                return
            size //= 2

    def _each(self, simpler: Callable[[History], Iterator[History]]) -> None:
        """Take the first simpler history that still shows it, and begin again with that one."""
        found = True
        while found:
            found = any(self._try(candidate) for candidate in simpler(self.history))


def _without(values: Sequence[Item]) -> Iterator[list[Item]]:
    for place in range(len(values)):
        yield [*values[:place], *values[place + 1 :]]


def _fewer_entries(history: History) -> Iterator[History]:
    for left in _without(items(history.given.get("entries"))):
        given = {**history.given, "entries": left}
        ids = {id_of(entry) for entry in left}
        if left and all(fields(e).get("same_secret_as", id_of(e)) in ids for e in left):
            yield replace(history, given=given)


def _fewer_replies(history: History) -> Iterator[History]:
    for place, script in _scripts(history):
        yield _with(history, place, None)
        for left in _without(script):
            yield _with(history, place, left)


def _simpler_given(history: History) -> Iterator[History]:
    for features in _without(history.features):
        yield replace(history, features=tuple(features))
    for key in history.given:
        if key == "processes":
            given = {k: v for k, v in history.given.items() if k != key}
            alone = [{k: v for k, v in phase.items() if k != "process"} for phase in history.phases]
            yield replace(history, given=given, phases=tuple(alone))
        elif key not in ("provider", "entries"):
            yield replace(history, given={k: v for k, v in history.given.items() if k != key})
    draws = items(history.given.get("randoms"))
    if draws:
        yield replace(history, given={**history.given, "randoms": draws[: len(draws) // 2]})
        yield replace(history, given={**history.given, "randoms": [*draws[:-1]]})
    if history.given["provider"] != "generic":
        yield replace(history, given={**history.given, "provider": "generic"})
    policy = fields(history.given.get("policy"))
    for key in policy:
        left = {k: v for k, v in policy.items() if k != key}
        yield replace(history, given={**history.given, "policy": left})


def _simpler_entries(history: History) -> Iterator[History]:
    entries = items(history.given["entries"])
    for place, entry in enumerate(entries):
        for key in fields(entry) if isinstance(entry, dict) else ():
            if key != "id":
                left = {k: v for k, v in fields(entry).items() if k != key}
                plain: Json = left if len(left) > 1 else left["id"]
                changed = [*entries[:place], plain, *entries[place + 1 :]]
                yield replace(history, given={**history.given, "entries": changed})


def _simpler_replies(history: History) -> Iterator[History]:
    for place, script in _scripts(history):
        for position, reply in enumerate(script):
            for simpler in _simpler_reply(reply, of_token=place[0] == "token"):
                yield _with(history, place, [*script[:position], simpler, *script[position + 1 :]])


def _simpler_reply(reply: Json, *, of_token: bool) -> Iterator[Json]:
    usual = "token_ok" if of_token else "ok"
    if reply == usual or not isinstance(reply, dict):
        return
    yield usual
    for key in reply:
        left = {k: v for k, v in reply.items() if k != key}
        if key != "example" and left:
            yield left["example"] if left.keys() == {"example"} else left
    headers = fields(reply.get("headers"))
    for key in headers if len(headers) > 1 else ():
        yield {**reply, "headers": {k: v for k, v in headers.items() if k != key}}


def _simpler_steps(history: History) -> Iterator[History]:
    for place, phase in enumerate(history.phases):
        for simpler in _simpler_step(phase):
            phases = (*history.phases[:place], simpler, *history.phases[place + 1 :])
            yield replace(history, phases=phases)


def _simpler_step(phase: Raw) -> Iterator[Raw]:
    for key in ("advance", "process"):
        if key in phase:
            yield {k: v for k, v in phase.items() if k != key}
    advance = phase.get("advance")
    if isinstance(advance, int | float):
        rounder = (n for n in _ROUND if n < advance * 1.5 and len(str(n)) < len(f"{advance:g}"))
        yield from ({**phase, "advance": n} for n in rounder)
        if advance != int(advance) and advance > 1:
            yield {**phase, "advance": int(advance)}
    for kind in ("call", "manage"):
        told = fields(phase.get(kind))
        for key in told:
            if key not in ("as", "do"):
                yield {**phase, kind: {k: v for k, v in told.items() if k != key}}


_Place = tuple[str, ...]


def _scripts(history: History) -> Iterator[tuple[_Place, list[Json]]]:
    for key, value in history.upstream.items():
        if isinstance(value, list):
            yield (key,), value
        else:
            yield from (((key, entry), items(script)) for entry, script in fields(value).items())


def _with(history: History, place: _Place, script: list[Json] | None) -> History:
    """Change one script, or take it away."""
    upstream = {**history.upstream}
    first, *inner = place
    if inner:
        scripts = {**fields(upstream[first])}
        _put(scripts, inner[0], script)
        _put(upstream, first, scripts)
    else:
        _put(upstream, first, script)
    return replace(history, upstream=upstream)


def _put(scripts: dict[str, Json], key: str, value: Json) -> None:
    if value:
        scripts[key] = value
    else:
        scripts.pop(key, None)


_SIMPLER: Final = (
    *(_fewer_entries, _fewer_replies, _simpler_given, _simpler_entries),
    *(_simpler_replies, _simpler_steps),
)
"""The simplifications, in the order in which they are tried once no step can be left out."""
