"""Whatever a file holds, it is a pool or is refused by kind and place, and what is a pool is kept."""

import json
import math
import traceback

from hypothesis import given, settings
from hypothesis import strategies as st

from credpool.providers.grant import Refusal, read_token_reply
from credpool.providers.reply import Reply
from credpool.stores.auth_json import codec
from credpool.stores.auth_json.fields import Malformed

KEY = "openrouter"
SECRET = "sk-made-up-canary-5f1e"
quick = settings(max_examples=100)
ROW = st.sampled_from(
    [
        *("id", "label", "auth_type", "priority", "source", "access_token", "refresh_token"),
        *("last_status", "last_status_at", "last_error_code", "last_error_reason"),
        *("last_error_message", "last_error_reset_at", "failure_class", "model_cooldowns"),
        *("retry_pending", "probed_at", "claim", "expires_at", "expires_at_ms", "base_url"),
        *("owner", "token_url", "request_count", "tls", "scope", "holder", "until", "since"),
    ]
)
WORDS = [
    *(SECRET, "", "api_key", "oauth", "manual", "env:OPENROUTER_API_KEY", "claude_code"),
    *("ok", "exhausted", "dead", "rate_limited", "2026-11-25T00:00:00+00:00", "\ud800", "1e999"),
]
numbers = st.integers() | st.floats(allow_nan=False) | st.sampled_from([0, -1, 1e12, 10**400])
scalars = st.none() | st.booleans() | numbers | st.sampled_from(WORDS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ROW, inner, max_size=3),
    max_leaves=6,
)
rows = st.dictionaries(ROW, values, max_size=8) | values
tokens = st.fixed_dictionaries(
    {"access_token": st.just("new")},
    optional={"refresh_token": scalars, "expires_in": numbers | scalars, "error": values},
)
documents = st.fixed_dictionaries(
    {"credential_pool": st.fixed_dictionaries({KEY: st.lists(rows, max_size=3) | values}) | values},
    optional={"version": st.sampled_from([0, 1, 2, "1", None, True]), "providers": values},
)


def refusal_of(text: str) -> Malformed | None:
    """Return why the text is no document, or None when it is one."""
    try:
        codec.decode(text, KEY)
    except Malformed as err:
        return err
    return None


@quick
@given(documents | values)
def test_a_document_is_read_or_refused(document: object) -> None:
    """Any JSON is a pool, or is refused in words that hold nothing of its values."""
    refused = refusal_of(json.dumps(document))

    told = "".join(traceback.format_exception(refused)) if refused is not None else ""
    assert refused is None or refused.where
    assert SECRET not in told


@quick
@given(st.text(max_size=60) | st.sampled_from(["[" * 5000, "1" * 5000, "{", "NaN", "1e999"]))
def test_a_text_is_read_or_refused(text: str) -> None:
    """Any text at all is a pool, or is refused by the place that is wrong."""
    refused = refusal_of(text)

    assert refused is None or (refused.where and refused.what)


@quick
@given(documents)
def test_what_is_a_pool_is_kept_whole(document: dict[str, object]) -> None:
    """What was read is the same after it has been written and read again, field by field."""
    try:
        read = codec.decode(json.dumps(document), KEY)
    except Malformed:
        return
    stored, lines = [], []
    for entry in read.entries:
        try:
            settled, line = codec.settled(entry, KEY)
        except ValueError:  # a number that JSON cannot hold is refused before the file is touched
            return
        stored.append(settled)
        lines.append(line)

    again = codec.decode(codec.encode(read.head, lines, "now", read.suppressed), KEY)

    assert again.entries == tuple(stored)
    assert {**json.loads(codec.encode(again.head, lines, "now", again.suppressed))} == {
        **json.loads(codec.encode(read.head, lines, "now", read.suppressed))
    }


@quick
@given(
    st.sampled_from([200, 200, 200, 400, 429, 503]),
    st.binary(max_size=30) | (tokens | values).map(lambda v: json.dumps(v).encode()),
)
def test_a_token_reply_is_a_grant_or_a_refusal(status: int, body: bytes) -> None:
    """Whatever a token endpoint answers, there is a new token or a reason why there is none."""
    found = read_token_reply(Reply(status, {}, body), now=0.0)

    assert isinstance(found, Refusal) or math.isfinite(found.expires_at or 0.0)
