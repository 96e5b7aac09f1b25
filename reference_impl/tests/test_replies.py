"""A reply that somebody has: a rule to paste for it, and what others may see of it."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from credpool.cli.explain import explain
from credpool.cli.replies.as_rule import as_rule
from credpool.cli.replies.report import report
from credpool.model.terms import AuthType, FailureClass
from credpool.providers.classify import classify, rule_for
from credpool.providers.registry import names, provider
from credpool.providers.reply import Reply
from credpool.seed import Surroundings

REGISTRY = Path(__file__).parents[2] / "spec" / "registry"
NOW = 1795392000.0
FILES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in REGISTRY.glob("*.yaml")}
EXAMPLES = {
    f"{name}/{rule['id']}": (name, rule["example"])
    for name, file in FILES.items()
    for rule in file["rules"]
}


def reply_of(example: dict[str, Any]) -> Reply:
    """Return an example of the registry as a reply."""
    body = example["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(example["status"], example["headers"], text.encode())


def reported(reply: Reply, name: str = "openai") -> str:
    """Return the text that is made for an issue."""
    known = provider(name)
    told = explain(known, reply, reply.status, AuthType.API_KEY, now=NOW, file=None)
    return report(name, reply, told, None, now=NOW)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_rule_that_was_pasted_classifies_its_reply(example: str, tmp_path: Path) -> None:
    """Print, paste, explain again: the reply has the class that was asked for."""
    name, told = EXAMPLES[example]
    reply, own = reply_of(told), f"custom:{name}"
    wanted = FailureClass.NOT_ENTITLED if len(example) % 2 else FailureClass.OVERLOADED
    (tmp_path / "config.yaml").write_text(as_rule(own, reply, wanted), encoding="utf-8")

    known = Surroundings(environ={}, folder=tmp_path).described(own)

    assert known is not None
    found = rule_for(reply, known, AuthType.API_KEY)
    assert (found.failure, found.place) == (wanted, ("rules", own, 0))


def test_every_rule_of_the_registry_names_its_file_and_source() -> None:
    """What matched can be looked up, whichever rule it was."""
    for name in names():
        known = provider(name)
        for rule in known.rules:
            reply = reply_of(EXAMPLES[rule.name][1])
            told = explain(known, reply, reply.status, AuthType.API_KEY, now=NOW, file=None)
            assert str(told["from"]).startswith("spec/registry/")
            assert str(told["source"]).endswith(")")


def test_a_rule_speaks_of_the_reply_and_not_of_a_person() -> None:
    """Of a reply without a code, the words that everybody gets are its condition."""
    body = b'{"message": "Monthly allowance of team rocket-7 (joe@acme.example) used up"}'

    text = as_rule("openai", Reply(403, {}, body), FailureClass.OUT_OF_CREDIT)

    assert 'when: {status: 403, message: "Monthly allowance of team"}' in text
    assert "rocket" not in text
    assert "acme" not in text


LETTERS = string.ascii_letters + string.digits
SECRET = st.text(LETTERS, min_size=16, max_size=40).filter(
    lambda text: any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
)
WORD = st.text("bcdfghjkmqvwxz", min_size=6, max_size=9)
PERSONAL = st.one_of(
    SECRET.map(lambda s: (f"sk-{s}", s)),
    SECRET.map(lambda s: (f"sk-proj-{s[:8]}_{s[8:]}", s[8:])),
    SECRET.map(lambda s: (f"req_{s}", s)),
    SECRET.map(lambda s: (f"org-{s}", s)),
    SECRET.map(lambda s: (s, s)),
    st.uuids().map(lambda u: (str(u), str(u)[:13])),
    st.binary(min_size=16, max_size=20).map(lambda b: (b.hex(), b.hex())),
    WORD.map(lambda w: (f"{w}.smith@{w}.example", w)),
    WORD.map(lambda w: (f"https://api.{w}.example:8443/v1?team={w}", w)),
    WORD.map(lambda w: (f"llm-3.{w}.internal", w)),
    WORD.map(lambda w: (f"{w.capitalize()}", w.capitalize())),
    WORD.map(lambda w: (f"'{w} {w}'", w)),
    WORD.map(lambda w: (f"acct_{w}", w)),
    WORD.map(lambda w: (f"{w}-{w}", w)),
    WORD.map(lambda w: (w, w)),
    WORD.map(lambda w: (f"{w}'s", w)),
    WORD.map(lambda w: (f"/home/{w}/.codex/auth.json", w)),
    WORD.map(lambda w: (f"/Users/{w}", w)),
    WORD.map(lambda w: (f"~{w}/keys", w)),
    WORD.map(lambda w: (f"C:\\Users\\{w}\\auth.json", w)),
    WORD.map(lambda w: (f"\\\\{w}\\share", w)),
    WORD.map(lambda w: (f"{w}:8080", w)),
    WORD.map(lambda w: (f"{w}.local", w)),
    WORD.map(lambda w: (f"{w}@{w}", w)),
    WORD.map(lambda w: (f"{w}_{w}", w)),
    WORD.map(lambda w: (f"({w})", w)),
    WORD.map(lambda w: (f"@{w}", w)),
    WORD.map(lambda w: (f"host={w};", w)),
    WORD.map(lambda w: (f"{w}%20{w}", w)),
    WORD.map(lambda w: (f"{w}/{w}", w)),
    WORD.map(lambda w: (f"{w}…{w}", w)),
    WORD.map(lambda w: (f"{w.upper()}", w.upper())),
    st.integers(2 * 10**9, 9 * 10**11).map(lambda n: (str(n), str(n))),
    st.lists(st.integers(1000, 9999), min_size=4, max_size=4).map(
        lambda groups: (" ".join(map(str, groups)), f"{groups[1]} {groups[2]}")
    ),
    st.ip_addresses(v=4).map(lambda ip: (str(ip), str(ip))).filter(lambda p: len(p[0]) > 9),
)
"""What is personal, and the part of it that nobody may read."""

SENTENCES = st.sampled_from(
    [
        "Rate limit reached for organization {} on requests per min.",
        "{} has no money left",
        "You exceeded your quota ({}), please try again in 20s",
        "user={} is blocked",
        "key: {}; see the console",
        "Insufficient balance for `{}`.",
        "request id {}",
        "hello {}, your plan is over",
        "refused by {} at the gateway on {}",
        "the machine {} has too many sessions",
        "cannot read {}: permission denied",
        "额度不足 {}",
        "<p>{}</p>",
    ]
)
FIELDS = st.sampled_from(
    [
        "message",
        "detail",
        "param",
        "user",
        "request_id",
        "owner",
        "organizationName",
        "x",
        "data",
    ]
)


@given(personal=PERSONAL, sentence=SENTENCES, field=FIELDS, kind=st.sampled_from(["error", "list", "key", "text", "header"]))  # fmt: skip
def test_nothing_personal_is_in_a_report(
    personal: tuple[str, str], sentence: str, field: str, kind: str
) -> None:
    """Whatever is planted wherever: a key, a mail, a host, an id or a name is not in the text."""
    planted, part = personal
    said = sentence.replace("{}", planted)
    body: object = {
        "error": {"error": {"message": said, field: said}},
        "list": {"error": {"details": [{field: planted}, said, [planted]]}},
        "key": {planted: {"message": said}, "error": {"code": 7}},
        "text": None,
        "header": {"error": {"type": planted if not part.isalpha() else "x"}},
    }[kind]
    text = said if body is None else json.dumps(body)
    headers = {"x-request-id": planted, "openai-organization": planted, "set-cookie": planted}
    headers |= {"x-ratelimit-limit": planted, "www-authenticate": f'Bearer realm="{planted}"'}

    shown = reported(Reply(429, {**headers, "content-type": "application/json"}, text.encode()))

    assert part not in shown


@pytest.mark.parametrize(
    "told", ["user-1234567", "joe@acme.example", "api.acme.example", "req_8f7a6b"]
)
@pytest.mark.parametrize("field", ["code", "type", "status", "reason"])
def test_a_code_that_is_none_is_not_in_a_report(told: str, field: str) -> None:
    """Where a code stands, words alone stay: an id, a mail or a host does not."""
    shown = reported(Reply(429, {}, json.dumps({"error": {field: told}}).encode()))

    assert told not in shown


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_report_is_understood_as_the_reply_was(example: str) -> None:
    """What a rule goes by stays in the text: the report of an example has the example's class."""
    name, told = EXAMPLES[example]
    reply = reply_of(told)

    shown = reported(reply, name)

    head, _, rest = shown.partition("\n\n")
    body = rest.partition("\n```")[0]
    headers = dict(line.split(": ", 1) for line in head.splitlines()[2:])
    again = Reply(reply.status, headers, body.encode())
    known, auth = provider(name), AuthType(told.get("auth_type", "api_key"))
    was, now = (classify(r, known, auth, now=NOW) for r in (reply, again))
    assert (now.failure, now.rule) == (was.failure, was.rule)


def test_moments_and_lengths_stay() -> None:
    """What says when to come back is what a rule needs: as distances from now."""
    body = {
        "error": {
            "message": "Try again in 6m0s",
            "resets_at": NOW + 60,
            "resets": "2026-11-23T00:01:00Z",
        }
    }
    reply = Reply(
        429, {"retry-after": "37", "x-reset-ms": "1795392030000"}, json.dumps(body).encode()
    )

    shown = reported(reply)

    assert all(part in shown for part in ("6m0s", "$epoch+60", "$iso+60", "37", "$epoch_ms+30"))
