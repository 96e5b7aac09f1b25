"""Read the phases of a scenario, with every default written out.

Not the judgement of what they expect: see `judge`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.scenario import (
    MAIN,
    Action,
    Call,
    Close,
    Entry,
    Expected,
    Login,
    Manage,
    Phase,
    Plain,
    Release,
    Resume,
    Rewrite,
    Write,
)
from credpool_conformance.scenarios.successes import dialect

_NAMED: Final[Mapping[str, Callable[[str], Action]]] = {
    "release": Release,
    "resume": Resume,
    "close": Close,
}


def phases_of(scenario: Mapping[str, Json], provider: str) -> tuple[Phase, ...]:
    """Read all phases; a call without a name is called after its place."""
    return tuple(
        _phase(fields(raw), number, provider)
        for number, raw in enumerate(items(scenario.get("phases")), 1)
    )


def _phase(raw: Mapping[str, Json], number: int, provider: str) -> Phase:
    advance = raw.get("advance")
    return Phase(
        advance=float(advance) if isinstance(advance, int | float) else 0.0,
        action=_action(raw, number, provider),
        expect=expected(fields(raw.get("expect"))),
        process=text(raw.get("process")) or MAIN,
    )


def expected(raw: Mapping[str, Json]) -> Expected:
    """Read what a phase is to make visible."""
    return Expected(
        attempts=raw.get("attempts"),
        wire=raw.get("wire"),
        waits=raw.get("waits"),
        outcome=raw.get("outcome"),
        reply=raw.get("reply"),
        headers=fields(raw.get("headers")),
        exhausted=raw.get("exhausted"),
        events=raw.get("events"),
        state=raw.get("state"),
        store=raw.get("store"),
        sent=fields(raw.get("sent")),
        counts=fields(raw.get("counts")),
        labels=fields(raw.get("labels")),
        names=tuple(map(text, items(raw.get("names")))),
        listing=fields(raw.get("listing")),
    )


def _action(raw: Mapping[str, Json], number: int, provider: str) -> Action:
    match raw:
        case {"call": call}:
            return _call(fields(call), number, provider)
        case {"manage": asked}:
            return _manage(fields(asked))
        case {"login": login}:
            return _login(fields(login))
        case {"write": content}:
            return Write(content)
        case {"home": files}:
            return Rewrite(fields(files))
        case _:
            named = [kind(text(raw[key])) for key, kind in _NAMED.items() if key in raw]
            plain = [action for action in Plain if action.value in raw]
            return next(iter([*named, *plain]), Plain.LOOK)


def _login(raw: Mapping[str, Json]) -> Login:
    return Login(
        name=text(raw.get("as")),
        flow=text(raw.get("flow")),
        entry=text(raw.get("entry")) or None,
        answer=text(raw.get("answer")) or "allow",
    )


def _call(raw: Mapping[str, Json], number: int, provider: str) -> Call:
    placeholder = raw.get("placeholder")
    return Call(
        name=text(raw.get("as")) or f"call-{number}",
        model=text(raw.get("model")) or dialect(provider).model,
        stream=raw.get("stream") is True,
        follow_redirects=raw.get("follow_redirects") is True,
        placeholder=placeholder if isinstance(placeholder, bool | str) else False,
        headers={name: text(value) for name, value in fields(raw.get("headers")).items()},
        path=text(raw.get("path")) or None,
        query=text(raw.get("query")) or None,
        session=text(raw.get("session")) or None,
    )


def _manage(raw: Mapping[str, Json]) -> Manage:
    verb, name = text(raw.get("do")), text(raw.get("as"))
    arguments = {key: value for key, value in raw.items() if key not in ("do", "as")}
    if verb != "add":
        return Manage(verb=verb, arguments=arguments)
    auth_type = text(raw.get("auth_type")) or "api_key"
    newcomer = Entry(id=name, label="", auth_type=auth_type, priority=0) if name else None
    return Manage(verb=verb, arguments=arguments, newcomer=newcomer)
