"""Write what a check begins with, and what each of its phases is."""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.scenario import (
    MAIN,
    Action,
    Call,
    Close,
    Entry,
    Login,
    Manage,
    Origin,
    Phase,
    Plain,
    Release,
    Resume,
    Rewrite,
    Scenario,
    Write,
)
from credpool_conformance.testee.narration import what
from credpool_conformance.testee.observed import Progress
from tools.examples.wire import WIDTH, compact
from tools.examples.words import span, unfilled
from tools.sources.values import scalar

_MOST_LINES: Final = 24
_CALL: Final = "a call"
_FLOWS: Final = {"device": "a person logs in by code", "pkce": "a person logs in by browser"}
_USUAL_SECRETS: Final = ("$secret", "")
_PLAIN: Final[Mapping[Plain, str]] = {
    Plain.LOOK: "a look at the pool",
    Plain.RESTART: "the process restarts",
    Plain.CRASH: "the process is killed, and another begins",
    Plain.CONFIGURE: "the pool is opened",
    Plain.LOCK: "another program takes the lock of the file",
    Plain.UNLOCK: "the other program lets the lock go",
}


def given_lines(scenario: Scenario) -> Iterator[str]:
    """Write the pool: its entries with what is special about them, its strategy and policy."""
    given = scenario.given
    names = [_entry(entry, position) for position, entry in enumerate(given.entries)]
    kind = f"{given.strategy} " if given.strategy else ""
    yield f"{kind}pool for {given.provider}: {' · '.join(names) or 'empty'}"
    if given.policy:
        yield f"policy: {scalar({**given.policy})}"
    if given.randoms and given.strategy == "random":
        yield f"draws: {scalar([*given.randoms])}"
    for name, value in (given.environment or {}).items():
        yield f"{name}={unfilled(scalar(value))}"
    for name, content in (given.home or {}).items():
        yield from _file(f"~/{name}", content)
    if given.store is not None:
        yield from _file("auth.json", given.store)


def heading(phase: Phase, of: Progress | None, usual_model: str, *, alone: bool) -> Iterator[str]:
    """Say when, who and what; one plain call needs no heading, `of` is the call that goes on."""
    action = phase.action
    when = f"{span(phase.advance)} later, " if phase.advance else ""
    where = f"in the process {phase.process!r}, " if phase.process != MAIN else ""
    words = _words(action, of, usual_model)
    if not alone or when or where or words != _CALL or _headers(action):
        yield f"# {when}{where}{words}"
    yield from (f"  {name}: {value}" for name, value in _headers(action).items())
    if isinstance(action, Write):
        yield from _file("auth.json", action.content)
    if isinstance(action, Rewrite):
        for name, content in action.files.items():
            yield from _file(f"~/{name}", content)


def _headers(action: Action) -> Mapping[str, str]:
    return action.headers if isinstance(action, Call) else {}


def _words(action: Action, of: Progress | None, usual_model: str) -> str:
    match action:
        case Call():
            return _call(action, usual_model)
        case Plain():
            return _PLAIN[action]
        case Manage(verb=verb, arguments=told):
            return " ".join([f"the operator's {verb}", *_asked(told)])
        case Login(name=name, flow=flow, entry=entry):
            return f"{_FLOWS[flow]} as {entry or name}"
        case Release():
            return f"the reply to {_name(of.call)} comes" if of else "nothing was held"
        case Resume(name):
            return f"call {name!r} goes on"
        case Close(name):
            return f"the caller closes {name!r}"
        case _:
            return what(action)


def _asked(told: Mapping[str, Json]) -> Iterator[str]:
    target = told.get("target")
    yield from [str(target)] if target is not None else []
    more = (f"{key} {unfilled(scalar(value))}" for key, value in told.items() if key != "target")
    yield from [f"({', '.join(more)})"] if len(told) > ("target" in told) else []


def _call(call: Call, usual_model: str) -> str:
    name, special = _name(call), ", ".join(_special(call, usual_model))
    return f"{name}: {special}" if special else name


def _name(call: Call) -> str:
    return _CALL if call.name.startswith("call-") else f"call {call.name!r}"


def _special(call: Call, usual_model: str) -> Iterator[str]:
    if call.session:
        yield f"session {call.session}"
    if call.stream:
        yield "a stream"
    if call.follow_redirects:
        yield "follows redirects"
    if call.placeholder:
        yield "with a credential of the caller's own"
    if call.query:
        yield f"query {call.query}"
    if call.model != usual_model:
        yield f"model {call.model}"


def _entry(entry: Entry, position: int) -> str:
    form, source = repr(entry.secret_as.replace("$secret", "<…>")), entry.source or "*"
    special = {
        "login": entry.refreshable,
        "no secret": not entry.has_secret,
        "other origin": entry.origin is Origin.OTHER,
        f"owner {entry.owner}": entry.owner is not None,
        f"payer {entry.payer}": entry.payer is not None,
        f"serves {', '.join(entry.serves)}": bool(entry.serves),
        f"priority {entry.priority}": entry.priority != position,
        f"same secret as {entry.same_secret_as}": entry.same_secret_as is not None,
        f"secret {form}": entry.secret_as not in _USUAL_SECRETS,
        f"base URL {unfilled(repr(entry.base_url))}": entry.base_url is not None,
        f"found in {source}": source != "*",
    }
    told = [name for name, due in special.items() if due]
    if entry.expires_in is not None:
        told.append(f"token ends in {span(entry.expires_in)}")
    return f"{entry.id} ({', '.join(told)})" if told else entry.id


def _file(name: str, content: Json) -> Iterator[str]:
    yield f"{name}:"
    lines = content.splitlines() if isinstance(content, str) else compact(content, WIDTH - 2)
    left_out = len(lines) - _MOST_LINES
    shown = lines[:_MOST_LINES] if left_out > 1 else lines
    yield from (f"  {unfilled(line)}" for line in shown)
    if left_out > 1:
        yield f"  … {left_out} more lines"
