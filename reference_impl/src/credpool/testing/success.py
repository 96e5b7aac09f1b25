"""A provider's successful replies, in each of the dialects. Not for use in production."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from credpool.testing.messages import FakeReply, FakeRequest

_USAGE: Final = {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
_CHAT: Final = {"id": "chat-1", "created": 1_800_000_000, "model": "fake"}
_OUTPUT: Final = {
    "type": "message",
    "id": "message-1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
}
_RESPONSE: Final = {
    "id": "response-1",
    "object": "response",
    "created_at": 1_800_000_000,
    "status": "completed",
    "model": "fake",
    "output": [_OUTPUT],
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
}
_MESSAGE: Final = {
    "id": "message-1",
    "type": "message",
    "role": "assistant",
    "model": "fake",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 2, "output_tokens": 2},
}

_WHOLE: Final[Mapping[str, object]] = MappingProxyType(
    {
        "completions": {
            **_CHAT,
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello."},
                    "finish_reason": "stop",
                }
            ],
            "usage": _USAGE,
        },
        "responses": _RESPONSE,
        "messages": _MESSAGE,
    }
)


def _delta(text: str, finish: str | None = None) -> Mapping[str, object]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {**_CHAT, "object": "chat.completion.chunk", "choices": [choice]}


def _output(text: str, number: int) -> Mapping[str, object]:
    place = {"item_id": "message-1", "output_index": 0, "content_index": 0}
    kind = "response.output_text.delta"
    return {"type": kind, **place, "delta": text, "logprobs": [], "sequence_number": number}


def _text(text: str) -> Mapping[str, object]:
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


_STREAMED: Final[Mapping[str, tuple[Mapping[str, object], ...]]] = MappingProxyType(
    {
        "completions": (_delta("Hel"), _delta("lo."), _delta("", "stop")),
        "responses": (
            {"type": "response.created", "response": _RESPONSE, "sequence_number": 0},
            _output("Hel", 1),
            _output("lo.", 2),
            {"type": "response.completed", "response": _RESPONSE, "sequence_number": 3},
        ),
        "messages": (
            {"type": "message_start", "message": {**_MESSAGE, "content": []}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            _text("Hel"),
            _text("lo."),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 2},
            },
            {"type": "message_stop"},
        ),
    }
)


def when_all_is_well(request: FakeRequest) -> FakeReply:
    """Return a success in the dialect of the request's path, streamed when that is asked for.

    A request without a credential is refused, and a refresh token gets a new access token.
    """
    if not request.credentials:
        if not request.secret:
            return FakeReply.error(401, "missing_api_key", "no credential was sent")
        return FakeReply.json({"access_token": f"{request.secret}-access", "expires_in": 3600})
    dialect = request.path.partition("?")[0].rpartition("/")[2]
    if dialect in _STREAMED and _wants_stream(request.body):
        chunks = tuple(_events(dialect))
        return FakeReply(headers={"content-type": "text/event-stream"}, body=chunks)
    return FakeReply.json(_WHOLE.get(dialect, {}))


def _wants_stream(body: bytes) -> bool:
    asked: object = json.loads(body or b"null")
    return isinstance(asked, Mapping) and asked.get("stream") is True


def _events(dialect: str) -> Iterator[bytes]:
    for event in _STREAMED[dialect]:
        name = f"event: {event['type']}\n" if "type" in event else ""
        yield f"{name}data: {json.dumps(event)}\n\n".encode()
    if dialect == "completions":
        yield b"data: [DONE]\n\n"
