"""The testee protocol's messages: build commands, and check that replies are what they should be.

Spec: PROTOCOL.md; a schema for every message is in `schemas/protocol/`.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import jsonschema

from credpool_conformance.data import SCHEMAS
from credpool_conformance.json_values import Json
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.inbox import Message

REPLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "hello": ("hello",),
    "configure": ("ok", "refused"),
    "call": ("wait", "result"),
    "resume": ("wait", "result", "prompt", "ok", "refused"),
    "login": ("wait", "prompt", "ok", "refused"),
    "inspect": ("pool",),
    "manage": ("managed", "refused"),
    "restart": ("ok",),
    "stop": ("ok",),
}
_SHOWN: Final = 300
_REMEMBERED: Final = 4096


def _validators() -> dict[str, jsonschema.Draft202012Validator]:
    folder = SCHEMAS / "protocol"
    return {
        path.name.removesuffix(".schema.json"): jsonschema.Draft202012Validator(
            json.loads(path.read_text(encoding="utf-8"))
        )
        for path in sorted(folder.glob("*.schema.json"))
    }


_VALIDATORS: Final = _validators()


def parse(line: str) -> Message:
    """Read one line of a testee's output.

    Raises: HarnessError when it is not a JSON object.
    """
    try:
        message: Json = json.loads(line)
    except ValueError as error:
        raise HarnessError(f"not a JSON message: {excerpt(line)}") from error
    if not isinstance(message, dict):
        raise HarnessError(f"not a JSON object: {excerpt(line)}")
    return message


def check(command: str, message: Message) -> str:
    """Check a reply to a command, and tell its kind.

    Raises: HarnessError when the reply does not fit; also when it is the testee's own `error`.
    """
    kinds = [key for key in message if key != "seq"]
    if kinds == ["error"]:
        raise HarnessError(f"the testee answered {command} with an error: {message['error']}")
    allowed = REPLIES[command]
    if len(kinds) != 1 or kinds[0] not in allowed:
        wanted = " or ".join(allowed)
        raise HarnessError(f"{command} wants a reply with {wanted}, not {excerpt(str(kinds))}")
    validate(f"{kinds[0]}.reply", message)
    return kinds[0]


def validate(name: str, message: Message) -> None:
    """Check a message against its schema, such as `call` or `wait.reply`.

    Raises: HarnessError when it does not fit.
    """
    # Checks repeat most messages, with another number.
    seq = message.get("seq")
    plain = isinstance(seq, int) and seq > 1
    if fault := _fault(name, json.dumps({**message, "seq": 1} if plain else {**message})):
        raise HarnessError(fault)


@lru_cache(maxsize=_REMEMBERED)
def _fault(name: str, message: str) -> str | None:
    errors = _VALIDATORS[name].iter_errors(json.loads(message))
    error = jsonschema.exceptions.best_match(errors)
    if error is None:
        return None
    return f"a malformed {name}: at {error.json_path}: {excerpt(error.message)}"


def excerpt(value: str) -> str:
    """Shorten a text that may be anything."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(value)} characters)"
