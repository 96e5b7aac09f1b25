"""Read the phases of a scenario, with every default written out.

Not the judgement of what they expect: see `judge`.
"""

from collections.abc import Mapping

from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.scenario import (
    Action,
    Call,
    Phase,
    Plain,
    Release,
    Resume,
    Rewrite,
    Write,
)
from credpool_conformance.successes import dialect


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
        expect=fields(raw.get("expect")),
    )


def _action(raw: Mapping[str, Json], number: int, provider: str) -> Action:
    match raw:
        case {"call": call}:
            return _call(fields(call), number, provider)
        case {"release": hold}:
            return Release(text(hold))
        case {"resume": call}:
            return Resume(text(call))
        case {"write": content}:
            return Write(content)
        case {"home": files}:
            return Rewrite(fields(files))
        case _:
            return next((plain for plain in Plain if plain.value in raw), Plain.LOOK)


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
    )
