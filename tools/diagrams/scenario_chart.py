"""Draw a scenario: the caller, the pool, and each entry that is to be asked, from what it expects."""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from tools.diagrams.sequence import Message, Note, Step, sequence
from tools.sources.values import duration

_CALLER: Final = "caller"
_POOL: Final = "pool"
_BESIDE: Final = frozenset({"expect", "process"})
_NOTES: Final = {
    "inspect": "look at the pool",
    "restart": "the program starts again",
    "crash": "the program is killed",
    "configure": "the configuration changes",
    "home": "the files of the machine change",
    "write": "another program writes auth.json",
    "lock": "another program locks the file",
    "unlock": "the file is free again",
}
_LATER: Final = {
    "release": "the reply that was held comes: {}",
    "resume": "the caller reads on: {}",
    "close": "the caller closes the stream: {}",
}


def scenario_chart(case: Mapping[str, Json]) -> str:
    """Draw the phases of a case; what it leaves open is not drawn."""
    phases = [fields(phase) for phase in items(case.get("phases"))]
    steps = [step for phase in phases for step in _phase(phase)]
    asked = {step.target for step in steps if isinstance(step, Message)} - {_CALLER, _POOL}
    return sequence([_CALLER, _POOL, *sorted(asked)], steps, most=44)


def _phase(phase: Mapping[str, Json]) -> Iterator[Step]:
    action = next((name for name in phase if name not in _BESIDE), "")
    where = " (another process)" if phase.get("process") else ""
    expect = fields(phase.get("expect"))
    if action == "call":
        model = text(fields(phase.get("call")).get("model"))
        yield Message(_CALLER, _POOL, f"call {model}".strip() + where)
    else:
        yield Note(_told(action, phase.get(action)) + where)
    yield from _attempts(expect.get("attempts"))
    outcome = expect.get("outcome")
    if isinstance(outcome, str) and outcome != "*":
        yield Message(_POOL, _CALLER, outcome.replace("_", " "), dashed=True)


def _told(action: str, value: Json) -> str:
    match action:
        case "advance":
            return f"{duration(value)} later"
        case "manage":
            asked = fields(value)
            return f"the operator: {text(asked.get('do'))} {text(asked.get('target'))}".strip()
        case "login":
            return f"a person logs in ({text(fields(value).get('flow'))})"
        case _ if action in _LATER:
            return _LATER[action].format(text(value))
        case _:
            return _NOTES.get(action, action)


def _attempts(attempts: Json) -> Iterator[Step]:
    """Yield a request and its reply for each attempt; of several allowed lists, the first."""
    if isinstance(attempts, dict):
        attempts = next(iter(items(attempts.get("one_of"))), None)
    for attempt in items(attempts) if isinstance(attempts, list) else ():
        entry, _, verdict = text(attempt).partition(" ")
        if verdict:
            class_, _, action = verdict.partition(" ")
            says = class_ if class_ == "ok" else f"{class_}: {action}"
            yield Message(_POOL, entry, "")
            yield Message(entry, _POOL, says, dashed=True)
