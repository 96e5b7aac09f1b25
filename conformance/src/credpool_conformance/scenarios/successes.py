"""Small successes in the shape of each provider, and the path a request to it takes.

Only enough for an SDK to accept; what a provider's failures look like is the registry's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json

EVENT_STREAM: Final[Mapping[str, Json]] = {"content-type": "text/event-stream"}
JSON_HEADERS: Final[Mapping[str, Json]] = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How requests and successes of a family of providers look."""

    path: str
    model: str
    success: Json
    stream: tuple[str, ...]
    stream_type: str = "text/event-stream"


def _line(content: Json) -> str:
    return f"{json.dumps(content)}\n"


def _data(content: Json) -> str:
    return f"data: {json.dumps(content)}\n\n"


def _event(content: dict[str, Json]) -> str:
    return f"event: {content['type']}\n{_data(content)}"


def _chunk(delta: Json, finish: str | None) -> str:
    return _data(
        {
            "id": "chatcmpl-demo",
            "object": "chat.completion.chunk",
            "created": 1795392000,
            "model": "gpt-5",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


def _candidate(words: str, finish: str | None) -> str:
    content: Json = {"parts": [{"text": words}], "role": "model"}
    return _data({"candidates": [{"content": content, "finishReason": finish}]})


_CHAT: Final = Dialect(
    path="/chat/completions",
    model="gpt-5",
    success={
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": 1795392000,
        "model": "gpt-5",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    },
    stream=(
        _chunk({"role": "assistant", "content": "Hel"}, None),
        _chunk({"content": "lo."}, "stop"),
        "data: [DONE]\n\n",
    ),
)
_RESPONSES: Final = Dialect(
    path="/responses",
    model="gpt-5",
    success={
        "id": "resp_demo",
        "object": "response",
        "created_at": 1795392000,
        "status": "completed",
        "model": "gpt-5",
        "output": [
            {
                "type": "message",
                "id": "msg_demo",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
            }
        ],
    },
    stream=(
        _event(
            {
                "type": "response.output_text.delta",
                "item_id": "msg_demo",
                "output_index": 0,
                "content_index": 0,
                "delta": "Hello.",
            }
        ),
        _event(
            {
                "type": "response.completed",
                "response": {"id": "resp_demo", "status": "completed"},
            }
        ),
    ),
)
_MESSAGES: Final = Dialect(
    path="/v1/messages",
    model="claude-sonnet-4-5",
    success={
        "id": "msg_demo",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 2},
    },
    stream=(
        _event(
            {
                "type": "message_start",
                "message": {
                    "id": "msg_demo",
                    "type": "message",
                    "role": "assistant",
                    "model": "claude-sonnet-4-5",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": {"input_tokens": 5, "output_tokens": 1},
                },
            }
        ),
        _event(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "Hello."},
            }
        ),
        _event({"type": "message_stop"}),
    ),
)
_GEMINI: Final = Dialect(
    path="/models/{model}:generateContent",
    model="gemini-2.5-flash",
    success={
        "candidates": [
            {
                "content": {"parts": [{"text": "Hello."}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7},
    },
    stream=(_candidate("Hel", None), _candidate("lo.", "STOP")),
)
_OLLAMA: Final = Dialect(
    path="/api/chat",
    model="gpt-oss:120b",
    success={
        "model": "gpt-oss:120b",
        "created_at": "2026-11-23T00:00:00Z",
        "message": {"role": "assistant", "content": "Hello."},
        "done": True,
        "done_reason": "stop",
    },
    stream=(
        _line({"message": {"role": "assistant", "content": "Hel"}, "done": False}),
        _line({"message": {"role": "assistant", "content": "lo."}, "done": True}),
    ),
    stream_type="application/x-ndjson",
)
# Bedrock wraps each event in a binary frame; here are the contents alone, for a pool reads neither.
_CONVERSE: Final = Dialect(
    path="/model/{model}/converse",
    model="anthropic.claude-sonnet-4-5-v1",
    success={
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
        "metrics": {"latencyMs": 100},
    },
    stream=(
        _line({"contentBlockIndex": 0, "delta": {"text": "Hello."}}),
        _line({"stopReason": "end_turn"}),
    ),
    stream_type="application/vnd.amazon.eventstream",
)
_FAMILIES: Final = (
    ("anthropic", _MESSAGES),
    ("gemini", _GEMINI),
    ("google", _GEMINI),
    ("chatgpt", _RESPONSES),
    ("codex", _RESPONSES),
    ("openai-codex", _RESPONSES),
    ("bedrock", _CONVERSE),
    ("ollama", _OLLAMA),
    ("", _CHAT),
)


def dialect(provider: str) -> Dialect:
    """Find the family of a provider; one that is not known speaks like most."""
    return next(found for start, found in _FAMILIES if provider.startswith(start))
