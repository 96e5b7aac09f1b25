"""What is kept of a provider's message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credpool.core.redact import redact
from credpool.core.secret import Secret

_HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("key sk-proj-abc_DEF-123456 failed", "key *** failed", id="openai"),
        pytest.param("key sk-ant-api03-abc-DEF failed", "key *** failed", id="anthropic"),
        pytest.param("provided: sk-abcd*****wxyz.", "provided: ***.", id="masked by its provider"),
        pytest.param("provided: abcd*****wxyz.", "provided: ***.", id="masked, of no known kind"),
        pytest.param("?key=AIzaSyD-abcdefgh&alt=json", "?key=***&alt=json", id="google in a URL"),
        pytest.param("token AQ.Ab8RN6abcdefgh", "token ***", id="google, later form"),
        pytest.param("gsk_abcdefgh1 hf_abcdefgh1 xai-abcdefgh1", "*** *** ***", id="three more"),
        pytest.param("JWT eyJhbGciOiJ9.eyJzdWIi.sig-na_ture!", "JWT ***!", id="a JWT"),
        pytest.param("Authorization: Bearer abc123def", "Authorization: Bearer ***", id="bearer"),
        pytest.param(f"digest {_HEX}.", "digest ***.", id="long hexadecimal"),
        pytest.param("data QUJDREVGR0hJSktMTU5PUFFSU1RVVldY+/==", "data ***", id="base64"),
    ],
)
def test_takes_out_what_looks_like_a_token(text: str, kept: str) -> None:
    """Anything of a token's shape is masked, whosever it is."""
    assert redact(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit reached for gpt-5 in organization org-abc on requests per min (RPM): Limit 3.",
        "Bearer authentication required",
        "see https://platform.openai.com/docs/guides/error-codes/api-errors",
        "the model accounts/fireworks/models/llama-v3p1-405b-instruct-long-context is unknown",
        "ask task-force about sk-learn",
    ],
)
def test_leaves_prose_as_it_is(text: str) -> None:
    """A message that holds no token can still be read."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("secret", "text", "kept"),
    [
        pytest.param("plain words", "the plain words!", "the ***!", id="of no token's shape"),
        pytest.param("k1", "k1 is out, not k10", "*** is out, not k10", id="short, alone"),
        pytest.param("longer-one", "(longer-one)x", "(***)x", id="within marks"),
    ],
)
def test_takes_out_known_secrets(secret: str, text: str, kept: str) -> None:
    """A secret of the pool is masked whatever its shape; a short one only as a word."""
    assert redact(text, [Secret(secret)]) == kept


def test_a_secret_within_another_leaves_no_rest() -> None:
    """The longer of two secrets goes first, so no part of it stays."""
    secrets = [Secret("inner-secret"), Secret("inner-secret-outer-rest")]

    assert redact("was inner-secret-outer-rest here", secrets) == "was *** here"


@given(st.text(max_size=80), st.text(min_size=8, max_size=40), st.text(max_size=80))
def test_no_known_secret_survives(before: str, secret: str, after: str) -> None:
    """No long secret is left, wherever in the text it stood."""
    if secret in "***" or set(secret) == {"*"}:
        return

    assert secret not in redact(before + secret + after, [Secret(secret)])


@given(st.text(alphabet="abcXYZ0189-_.*+/= \"'", max_size=120))
def test_redacting_twice_changes_nothing(text: str) -> None:
    """What is clean stays as it is, so a message is the same however often it is saved."""
    once = redact(text)

    assert redact(once) == once
