"""What a pool needs to know of the caller's request."""

import pytest

from credpool._calls.request import model_of

URL = "https://generativelanguage.googleapis.com/v1beta/models/"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-v1:0"


@pytest.mark.parametrize(
    ("url", "content", "model"),
    [
        pytest.param("/v1/chat", b'{"model": "gpt-5", "messages": []}', "gpt-5", id="in the body"),
        pytest.param(
            URL + "gemini-2.5-pro:generateContent", b"{}", "gemini-2.5-pro", id="in the path"
        ),
        pytest.param(URL + "gemini-2.5-pro", b"", "gemini-2.5-pro", id="at the path's end"),
        pytest.param(URL + "a:b", b'{"model": "gpt-5"}', "gpt-5", id="in both"),
        pytest.param(BEDROCK + "/converse", b"{}", "amazon.nova-v1:0", id="with an operation"),
        pytest.param(
            BEDROCK + "/invoke-with-response-stream", b"", "amazon.nova-v1:0", id="streamed"
        ),
        pytest.param(BEDROCK + "/else", b"", None, id="another operation"),
        pytest.param("/v1/chat", b'{"model": 5}', None, id="not a name"),
        pytest.param("/v1/chat", b'["model"]', None, id="not an object"),
        pytest.param("/v1/chat", b"\xff", None, id="not JSON"),
        pytest.param("/v1/chat", b"[" * 100_000, None, id="nested beyond reason"),
        pytest.param(URL + "list/all", b"", None, id="a longer path"),
    ],
)
def test_the_model_is_in_the_body_or_in_the_path(
    url: str, content: bytes, model: str | None
) -> None:
    """The model asked for is the body's, or else the path's, or unknown."""
    assert model_of(url, content) == model
