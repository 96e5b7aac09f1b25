"""The Explorer says of every reply what `credpool explain` says of it; this needs Node."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from credpool.cli.explain import explain, refusal_of
from credpool.model.errors import BadInput
from credpool.model.terms import AuthType
from credpool.providers.registry import provider
from credpool_conformance.data import Data
from credpool_conformance.scenarios.script import render, scripted
from credpool_conformance.specification.registry import load

REPOSITORY: Final = Path(__file__).parents[2]
PROGRAM: Final = REPOSITORY / "tools" / "explorer" / "explain.mjs"
REGISTRY: Final = json.loads((REPOSITORY / "docs/data/registry.json").read_text("utf-8"))
CASES: Final = REPOSITORY / "conformance" / "replies" / "cases.jsonl"
NOW: Final = json.loads((REPOSITORY / "docs/data/hints.json").read_text("utf-8"))["now"]
IN_BAND: Final = (
    ("openai", 200, 'event: error\ndata: {"error": {"code": "rate_limit_exceeded"}}\n\n'),
    (
        "chatgpt",
        200,
        'data: {"type": "response.failed", "response": {"error": {"code": "x"}}}\r\n\r\n',
    ),
    ("anthropic", 200, 'data: {"type": "error", "error": {"type": "overloaded_error"}}\n\n'),
    ("openrouter", 200, '{"error": {"code": 402, "message": "Insufficient credits"}}'),
    ("minimax", 200, '{"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}'),
    ("minimax", 200, '{"base_resp": {"status_code": 0}}'),
    ("openai", 200, '{"error": {"code": "insufficient_quota"}}'),
    ("openai", 200, 'data: {"error": {"code": "rate_limit_exceeded"}}\n'),
    ("openai", 204, ""),
)
"""Failures inside a success, and successes that look like one."""


def asked() -> dict[str, Any]:
    """Return every example of the registry, the real replies, and the failures inside a success."""
    examples = [
        {"provider": name, "name": f"{name}/{rule['id']}"}
        for name, found in REGISTRY["providers"].items()
        for rule in found["rules"]
    ]
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    cases = [
        {"provider": row["provider"], "reply": reply(row["status"], row["body"], row)}
        for row in rows
    ]
    inside = [{"provider": name, "reply": reply(status, body)} for name, status, body in IN_BAND]
    others = [one | {"provider": other} for one in examples for other in ("generic", "openrouter")]
    return {"now": NOW, "examples": examples + others, "replies": cases + inside}


def reply(status: int, body: object, row: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a reply as the Explorer takes it; the row of a real one has its headers."""
    more = row or {}
    return {
        "status": status,
        "headers": {key.lower(): str(value) for key, value in more.get("headers", {}).items()},
        "text": body if isinstance(body, str) else json.dumps(body),
        "auth_type": more.get("auth_type", "api_key"),
    }


def reference(name: str, found: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the library explains; None when there is no failure."""
    known, headers = provider(name), [f"{key}: {value}" for key, value in found["headers"].items()]
    kind = AuthType(found["auth_type"] or "api_key")
    try:
        read = refusal_of(known, found["status"], headers, found["text"].encode())
    except BadInput:
        return None
    return explain(known, read, found["status"], kind, now=NOW, file=None)


@pytest.fixture(scope="module")
def explained() -> list[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Return every reply that was asked about, with its provider and what the Explorer says."""
    question = asked()
    told = subprocess.run(
        ["node", str(PROGRAM)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    names = [one["provider"] for one in (*question["examples"], *question["replies"])]
    found = json.loads(told.stdout)
    return [(name, one["reply"], one["told"]) for name, one in zip(names, found, strict=True)]


def comparable(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out what each shows in its own way: the messages, and how a policy's number is written."""
    if told is None:
        return None
    others = [other | {"policy": other["policy"].partition(":")[0]} for other in told["otherwise"]]
    ours = ("message", "codes", "matched")
    return {**{k: v for k, v in told.items() if k not in ours}, "otherwise": others}


def test_the_explorer_and_the_command_agree(
    explained: list[tuple[str, dict[str, Any], dict[str, Any] | None]],
) -> None:
    """Class, rule, source, action, scope, hint, cooldown and requirement are the same."""
    differing = [
        (name, found, comparable(ours), comparable(reference(name, found)))
        for name, found, ours in explained
        if comparable(ours) != comparable(reference(name, found))
    ]

    assert len(explained) > 600
    assert differing[:3] == []


def test_an_example_is_filled_in_as_the_suite_does(
    explained: list[tuple[str, dict[str, Any], dict[str, Any] | None]],
) -> None:
    """The Explorer shows the reply that a testee would be sent, and reads it as its own rule."""
    registry = load(Data(spec=REPOSITORY / "spec", scenarios=REPOSITORY / "conformance/scenarios"))
    own = dict(zip(registry.examples, explained, strict=False))
    differing = []
    for name, (_, shown, told) in own.items():
        sent = render(scripted("", name, "", registry), NOW, str, None)
        headers = {key: value for key, value in sent.headers if key in shown["headers"]}
        texts = [shown["text"], sent.chunks[0].decode()]
        if [shown["status"], shown["headers"], read(texts[0])] != [
            sent.status,
            headers,
            read(texts[1]),
        ]:
            differing.append((name, shown, sent))
        assert told is not None, name
        assert told["rule"] == name

    assert len(own) > 250
    assert differing == []


def read(text: str) -> object:
    """Return the value of a body, or the text of what is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
