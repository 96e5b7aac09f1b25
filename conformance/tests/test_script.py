"""Scripted replies: shorthands, changes to examples, and placeholders."""

import json

import pytest

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.script import Sent, UnknownExampleError, render, scripted
from credpool_conformance.specification.registry import Example, Registry

NOW = 1_795_392_000.0
LIMIT = {"status": 429, "headers": {"retry-after": "3", "x-a": "1"}, "body": {"error": "slow"}}
REGISTRY = Registry(
    providers={},
    examples={
        "p/limit": Example(provider="p", rule="limit", failure_class="x", reply=LIMIT, fields={})
    },
)


def sent(raw: Json) -> Sent:
    """Write a reply and send it."""
    reply = scripted("a[0]", raw, "openai", REGISTRY)
    return render(reply, NOW, lambda kind: f"new-{kind}", None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$epoch+30", 1_795_392_030),
        ("$epoch-1.5", 1_795_391_998.5),
        ("$epoch", 1_795_392_000),
        ("$epoch_ms+30", 1_795_392_030_000),
        ("$iso+30", "2026-11-23T00:00:30Z"),
        ("$iso+0.5", "2026-11-23T00:00:00.500Z"),
        ("$date+30", "Mon, 23 Nov 2026 00:00:30 GMT"),
        ("rst=$iso+60&x", "rst=2026-11-23T00:01:00Z&x"),
        ("at $epoch+1, at $epoch+2", "at 1795392001, at 1795392002"),
        ("$access", "new-access"),
        ("$accessory and $5", "$accessory and $5"),
        (["$epoch", {"deep": "$iso"}], [1_795_392_000, {"deep": "2026-11-23T00:00:00Z"}]),
    ],
    ids=str,
)
def test_placeholders_stand_for_moments_and_tokens(written: Json, meant: Json) -> None:
    """They are filled in when the reply is sent, in any place; alone, they keep their type."""
    reply = sent({"status": 200, "body": {"value": written}})

    assert json.loads(reply.body) == {"value": meant}


def test_a_header_is_always_text() -> None:
    """A number in a header is written out."""
    assert ("retry-at", "1795392030") in sent({"headers": {"retry-at": "$epoch+30"}}).headers


def test_an_example_is_sent_as_it_is() -> None:
    """A rule's example keeps its status, headers and body."""
    reply = sent("p/limit")

    assert reply.status == 429
    assert dict(reply.headers) == {"retry-after": "3", "x-a": "1"}
    assert json.loads(reply.body) == {"error": "slow"}


def test_an_example_can_be_changed() -> None:
    """Headers are added, replaced, and removed by null; a body in text goes out as it is."""
    headers = {"Retry-After": "9", "x-a": None, "x-b": 2}
    reply = sent({"example": "p/limit", "status": 503, "headers": headers, "body": "<html>"})

    assert reply.status == 503
    assert dict(reply.headers) == {"retry-after": "9", "x-b": "2"}
    assert reply.body == "<html>"


def test_a_stream_is_sent_in_its_chunks() -> None:
    """Each chunk is a piece of its own."""
    reply = sent({"stream": ["one", "two"]})

    assert reply.streamed
    assert reply.chunks == (b"one", b"two")
    assert dict(reply.headers) == {"content-type": "text/event-stream"}


@pytest.mark.parametrize(
    "provider",
    ["openai", "anthropic", "gemini", "chatgpt", "bedrock", "ollama-cloud", "unheard-of"],
)
def test_every_provider_has_a_success(provider: str) -> None:
    """A success and a stream exist in the shape of each family."""
    success = scripted("a[0]", "ok", provider, REGISTRY)
    stream = scripted("a[0]", "stream", provider, REGISTRY)

    assert success.status == stream.status == 200
    assert isinstance(success.body, dict)
    assert len(stream.stream) > 1


def test_an_unknown_example_is_an_error() -> None:
    """A misspelt rule is not silently a success."""
    with pytest.raises(UnknownExampleError, match="p/limt"):
        sent("p/limt")
