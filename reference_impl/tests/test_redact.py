"""What is kept of a provider's message."""

import json
import re
import time
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credpool.model.secret import Secret
from credpool.providers.redact import LONGEST, PART, redact, stored

_HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "stored"),
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
def test_takes_out_what_looks_like_a_token(text: str, stored: str) -> None:
    """Anything of a token's shape is masked, whosever it is."""
    assert redact(text) == stored


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
    ("secret", "text", "stored"),
    [
        pytest.param("plain words", "the plain words!", "the ***!", id="of no token's shape"),
        pytest.param("k1", "k1 is out, not k10", "*** is out, not k10", id="short, alone"),
        pytest.param("longer-one", "(longer-one)x", "(***)x", id="within marks"),
    ],
)
def test_takes_out_known_secrets(secret: str, text: str, stored: str) -> None:
    """A secret of the pool is masked whatever its shape; a short one only as a word."""
    assert redact(text, [Secret(secret)]) == stored


def test_a_secret_within_another_leaves_no_rest() -> None:
    """The longer of two secrets goes first, so no part of it stays."""
    secrets = [Secret("inner-secret"), Secret("inner-secret-outer-rest")]

    assert redact("was inner-secret-outer-rest here", secrets) == "was *** here"


@given(st.text(max_size=80), st.text(min_size=8, max_size=40), st.text(max_size=80))
def test_no_known_secret_survives(before: str, secret: str, after: str) -> None:
    """No long secret is left, wherever in the text it stood."""
    secret = Secret(secret).reveal()  # without the blanks around it
    if len(secret) < 8 or set(secret) == {"*"}:
        return

    assert secret not in redact(before + secret + after, [Secret(secret)])


KEYS = st.text(
    "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_", min_size=20, max_size=60
)
WORDS = st.lists(st.sampled_from(["the", "key", "is", "no", "good:", "(", ").", "=", '"', "/"]))


@given(KEYS, st.integers(min_value=0), st.integers(min_value=PART, max_value=60), WORDS, WORDS)
def test_no_part_of_a_secret_survives(
    key: str, begin: int, length: int, before: list[str], after: list[str]
) -> None:
    """Of a part of a secret nothing is left that is long enough to know it by."""
    begin %= len(key) - PART + 1
    part = key[begin : begin + length]

    clean = redact("".join([*before, part, *after]), [Secret(key)])

    assert not any(part[at : at + PART] in clean for at in range(len(part) - PART + 1))


_KEY = 'made/up+KEY.of:no"shape=that-is_known'


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(_KEY[:12], id="its beginning"),
        pytest.param(_KEY[-16:], id="its end"),
        pytest.param(_KEY[7:20], id="its middle"),
        pytest.param(quote(_KEY, safe=""), id="in a URL"),
        pytest.param(quote(_KEY, safe="").replace("%2F", "%2f"), id="in a URL, in lower case"),
        pytest.param(quote(_KEY, safe="")[:23], id="its beginning in a URL"),
        pytest.param(json.dumps(_KEY)[1:-1], id="in JSON"),
        pytest.param(_KEY.replace("/", r"\/"), id="in JSON, with its slashes escaped"),
        pytest.param("".join(f"\\u{ord(c):04x}" for c in _KEY), id="in JSON, all escaped"),
        pytest.param(b64encode(_KEY.encode()).decode(), id="in base64"),
        pytest.param(b64encode(f"user:{_KEY}".encode()).decode(), id="in basic authentication"),
        pytest.param(b64encode(f"a{_KEY}".encode()).decode(), id="in base64, one byte along"),
        pytest.param(urlsafe_b64encode(f"aa{_KEY}".encode()).decode(), id="in base64 for URLs"),
        pytest.param(b64encode(_KEY.encode()).decode()[:20], id="its beginning in base64"),
        pytest.param("?" + b64encode(_KEY.encode()).decode()[3:28], id="in base64, cut in front"),
    ],
)
def test_takes_out_parts_and_spellings(written: str) -> None:
    """A part of a known secret is masked, and so is another spelling, with nothing left of it."""
    clean = redact(f"You sent [{written}] to us", [Secret("another-made-up-one"), Secret(_KEY)])

    assert re.fullmatch(r"You sent \[\??[*=]+\] to us", clean)


@pytest.mark.parametrize("length", [PART - 1, PART])
def test_a_shorter_part_is_nobodys(length: int) -> None:
    """What is too short to know a secret by stays: it may be any word."""
    text = f"part {_KEY[:length]} of it"

    assert (redact(text, [Secret(_KEY)]) == text) is (length < PART)


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit reached for gpt-5 in organization org-abc on requests per min (RPM): Limit 3.",
        "see https://platform.openai.com/docs/guides/error-codes/api-errors?a=b%20c",
        "the model accounts/fireworks/models/llama-v3p1-405b-instruct-long-context is unknown",
        "request req_011CSHoEeqs5C35K2U failed; ask claude-opus-4-5-20251101 on 2026-11-23T00:01:00Z",
        r"C:\users\somebody\application-data \u00e9 100%",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    ],
)
def test_leaves_prose_as_it_is_beside_known_secrets(text: str) -> None:
    """What is told of models, requests and pages can still be read by those who have keys."""
    secrets = [Secret(f"sk-ant-api03-{n:024d}") for n in range(50)] + [Secret(_KEY)]

    assert redact(text, secrets) == text


def test_a_message_is_cut_after_it_is_clean() -> None:
    """A secret that lies across the end of what is kept leaves no half behind."""
    message = "x " * (LONGEST // 2 - 5) + "0123456789abcdef-made-up"

    clean = stored(message, [Secret("0123456789abcdef-made-up")])

    assert clean == "x " * (LONGEST // 2 - 5) + "***"
    assert stored("word " * LONGEST) == ("word " * LONGEST)[:LONGEST]
    assert stored(None) is None


# What each of these repeats was, or could have been, run through again from each of its characters.
REPEATED = [
    *("a", "a-", "eyJ-", "-eyJ", "eyJaaaaaa.", "eyJaaaaaa.-", "sk-", "sk-.", "*", "*a", "**a"),
    *("Bearer ", "bearer a", "a1A-", "A", "1", "_", "-", "/", "=", "a=", "%", "%41", "\\"),
    *("\\u0061", "aaaaaaaaaaaa ", "sk-made-up-0"),
]


@pytest.mark.parametrize("repeated", REPEATED)
def test_takes_time_in_proportion(repeated: str) -> None:
    """Eight times the text takes about eight times as long, and not sixty-four times."""
    secrets = [Secret("a" * 40), Secret("sk-made-up-0123456789abcdef")]

    short, long = (_seconds((repeated * n)[:n], secrets) for n in (2_000, 16_000))

    assert long / short < 32


def _seconds(text: str, secrets: list[Secret]) -> float:
    """Return the processor's time for a text, the shortest of several."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        redact(text, secrets)
        times.append(time.process_time() - begun)
    return min(times)


@given(st.text(alphabet="abcXYZ0189-_.*+/= \"'", max_size=120))
def test_redacting_twice_changes_nothing(text: str) -> None:
    """What is clean stays as it is, so a message is the same however often it is saved."""
    once = redact(text)

    assert redact(once) == once
