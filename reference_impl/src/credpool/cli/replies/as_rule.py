"""A rule of the operator's own for a reply: to paste into `config.yaml` (spec: configuration)."""

import json
import re
from typing import Final

from credpool.cli.replies.personal import phrase
from credpool.model.terms import AuthType, FailureClass
from credpool.providers import registry
from credpool.providers.classify import matches
from credpool.providers.reply import Reply

_SAYS_LITTLE: Final = frozenset(
    {"error", "api_error", "invalid_request_error", "new_api_error", "bad_request", "server_error"}
)
"""Codes that many failures share, so that one of them alone would match too much."""

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,60}")

When = dict[str, int | str]


def as_rule(key: str, reply: Reply, failure: FailureClass) -> str:
    """Return the YAML of a rule that gives the reply the class, under the pool's name."""
    when = conditions(reply)
    inner = ", ".join(f"{name}: {_written(value)}" for name, value in when.items())
    lines = [
        "rules:",
        f"  {_written(key)}:",
        f"    - id: {_written(rule_id(reply, failure))}",
        f"      when: {{{inner}}}",
        f"      class: {failure.value}",
    ]
    return "\n".join(lines) + "\n"


def conditions(reply: Reply) -> When:
    """Return what tells the reply from others: its status, its best code, or else its text."""
    told = [c for c in reply.told if c != str(reply.status) and _CODE.fullmatch(c)]
    code = next((c for c in told if c.lower() not in _SAYS_LITTLE), None)
    when: When = {"status": reply.status}
    if code is not None:
        return {**when, "code": code}
    said = phrase(reply.message)
    with_text: When = {**when, "message": said}
    made = registry.rule("made", {"when": with_text, "class": FailureClass.FORBIDDEN.value})
    return with_text if said and matches(made, reply, AuthType.API_KEY) else when


def rule_id(reply: Reply, failure: FailureClass) -> str:
    """Return a name for the rule."""
    told = str(conditions(reply).get("code", ""))
    words = re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-")
    if not words:
        return f"{failure.value.replace('_', '-')}-{reply.status}"
    return words if words[0].isalpha() and "-" in words else f"code-{words}"


def _written(value: int | str) -> str:
    """Return a value as YAML has it, whatever is in it."""
    plain = isinstance(value, int) or re.fullmatch(r"[a-z]+[a-z_-]*[a-z]", value)
    is_word = str(value).lower() in ("true", "false", "null", "yes", "no", "on", "off")
    return str(value) if plain and not is_word else json.dumps(value)
