"""Whatever a reply is, it is read without an error."""

import base64
import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from credpool._calls.request import model_of
from credpool.model.terms import AuthType
from credpool.providers.classify import classify
from credpool.providers.data import hints
from credpool.providers.hints import FORMS, read_hint
from credpool.providers.registry import names, provider
from credpool.providers.reply import Reply

NOW = 1795392000.0
quick = settings(max_examples=40)
HEADERS = sorted(
    {str(row["name"]) for row in hints() if "name" in row}
    | {str(w[k]) for row in hints() for w in row.get("windows", ()) for k in ("reset", "state")}
    | {"date", "x-error-json", "x-should-retry"}
)
NAMES = st.sampled_from(
    [
        *("error", "message", "detail", "details", "metadata", "code", "type", "status", "reason"),
        *("resets_at", "resets_in_seconds", "retryDelay", "quotaResetDelay", "availability"),
        *("retry_after", "headers", "X-RateLimit-Reset", "violations", "quotaId"),
    ]
)
numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 1e9, 1e12, 10**400, 1e308])
texts = (
    st.text(max_size=20)
    | numbers.map(str)
    | st.from_regex(r"\A[+-]?(\d{1,400}(\.\d+)?(ms|h|m|s)?){1,3}\Z")
    | st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")
    | st.from_regex(r"\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})\Z")
    | st.from_regex(r'\A"[a;,=]*"(;[a-z]=(\d+|"[a;,=]*"|:[^:]*:)){0,3}(, ?"a";t=\d+){0,2}\Z')
    | st.sampled_from(["try again in 5s", "regain access on 9999-12-31 at 23:59 UTC"])
    | st.sampled_from(["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +0000"])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
bodies = st.binary(max_size=40) | values.map(lambda v: json.dumps(v).encode())
repeated = bodies.map(lambda b: base64.b64encode(b).decode())
headers = st.dictionaries(st.sampled_from(HEADERS), texts | repeated, max_size=4)
rules = (
    st.none()
    | st.just("none")
    | st.lists(st.sampled_from([str(row["id"]) for row in hints()]), max_size=3)
    | st.sampled_from([{"calendar": "month-start-utc"}])
    | st.sampled_from([{"calendar": "midnight America/Los_Angeles"}])
)


@quick
@given(st.integers(400, 999), headers, bodies, st.sampled_from(sorted(names())))
def test_every_reply_has_a_verdict(
    status: int, sent: dict[str, str], body: bytes, name: str
) -> None:
    """Every status, header and body is given a class by some rule of the provider's."""
    known = provider(name)

    verdict = classify(Reply(status, sent, body), known, AuthType.API_KEY, now=NOW)

    assert verdict.rule in {rule.name for rule in known.rules}
    assert verdict.hint is None or not math.isnan(verdict.hint)


@quick
@given(headers, bodies, rules)
def test_every_hint_is_a_number_or_none(sent: dict[str, str], body: bytes, rule: object) -> None:
    """No value of any form is anything but a number of seconds, or unreadable."""
    found = read_hint(Reply(429, sent, body), rule, now=NOW)

    assert found is None or not math.isnan(found)


@quick
@given(st.sampled_from(sorted(FORMS)), texts)
def test_every_form_reads_any_text(form: str, text: str) -> None:
    """A form says a number or nothing of any text."""
    found = FORMS[form](text, NOW)

    assert found is None or not math.isnan(found)


@quick
@given(texts, bodies)
def test_every_request_has_a_model_or_none(url: str, content: bytes) -> None:
    """Looking for the model never fails."""
    found = model_of(url, content)

    assert found is None or isinstance(found, str)
