"""Say in words what a phase does, for the trace."""

from typing import assert_never

from credpool_conformance.book.yaml_lines import text
from credpool_conformance.scenario import (
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
    return f"{when}{where}{_what(phase.action)}"


def _what(action: Action) -> str:
    match action:
        case Call(name=name, model=model):
            what = f"call {name} ({model})"
        case Login(name=name, flow=flow):
            what = f"log in as {name} ({flow})"
        case Write():
            what = "another program writes the file"
        case Manage(verb=verb, told=told):
            what = f"the operator's {verb} {text(told.get('target'))}".rstrip()
        case Rewrite(files):
            what = f"other tools write {', '.join(files)}"
        case Release(hold):
            what = f"release {hold!r}"
        case Resume(name):
            what = f"read on in {name}"
        case Close(call):
            what = f"close the stream of {call}"
        case Plain():
            what = action.value
        case _:
            assert_never(action)
    return what
