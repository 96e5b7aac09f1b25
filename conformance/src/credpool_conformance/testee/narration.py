"""Say in words what a phase does, for the trace."""

from typing import assert_never

from credpool_conformance.json_values import text
from credpool_conformance.scenarios.scenario import (
    MAIN,
    Action,
    Call,
    Close,
    Login,
    Manage,
    Phase,
    Plain,
    Release,
    Resume,
    Rewrite,
    Write,
)


def describe(phase: Phase) -> str:
    """Return when, where and what."""
    when = f"{phase.advance:g} s later, " if phase.advance else ""
    where = f"in {phase.process}, " if phase.process != MAIN else ""
    return f"{when}{where}{what(phase.action)}"


def what(action: Action) -> str:
    """Return what happens, without when and where."""
    match action:
        case Call(name=name, model=model):
            words = f"call {name} ({model})"
        case Login(name=name, flow=flow):
            words = f"log in as {name} ({flow})"
        case Write():
            words = "another program writes the file"
        case Manage(verb=verb, arguments=told):
            words = f"the operator's {verb} {text(told.get('target'))}".rstrip()
        case Rewrite(files):
            words = f"other tools write {', '.join(files)}"
        case Release(hold):
            words = f"release {hold!r}"
        case Resume(name):
            words = f"read on in {name}"
        case Close(call):
            words = f"close the stream of {call}"
        case Plain():
            words = action.value
        case _:
            assert_never(action)
    return words
