"""`credpool explain`: which rule it was, a rule to paste, a text for an issue (spec: configuration)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import respx

from credpool import seed
from credpool.httpx import PoolAuth

if TYPE_CHECKING:
    from tests.cli.conftest import Command  # type: ignore[import-not-found]

RELAY = "https://relay.example/v1"
EMPTY = (
    '{"error": {"message": "Your plan is used up.", "type": "plan_empty", "code": "plan_empty"}}'
)
LISTED = f"""\
custom_providers:
  - name: Office Relay
    base_url: {RELAY}
    key_env: RELAY_KEY
"""


def called(path: Path) -> list[str]:
    """Make two calls through the relay's pool, whose first key is empty; return the keys sent."""
    environ = {"RELAY_KEY": "relay-key-0001", "RELAY_KEY_2": "relay-key-0002"}
    around = seed.Surroundings(environ=environ, folder=path.parent)
    pool = seed.open_pool("custom:office-relay", around)
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"].rpartition("-")[2])
        return httpx.Response(403, text=EMPTY) if sent[-1] == "0001" else httpx.Response(200)

    with respx.mock, httpx.Client(auth=PoolAuth(pool)) as client:
        respx.post(f"{RELAY}/chat/completions").mock(side_effect=answer)
        for _ in range(2):
            client.post(f"{RELAY}/chat/completions", json={})
        pool.reset()
    return sent


def test_a_rule_for_a_relay_is_written_explained_applied_and_removed(
    credpool: "Command", path: Path
) -> None:
    """From the reply to the rule and back: the empty key is asked once, and not in every call."""
    config = path.with_name("config.yaml")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(LISTED, encoding="utf-8")
    asked = ("explain", "--provider", "custom:Office Relay", "--status", "403")
    before, calls_before = credpool(*asked, stdin=EMPTY), called(path)

    rule = credpool(*asked, "--as-rule", "--class", "out_of_credit", stdin=EMPTY)
    config.write_text(LISTED + rule.out, encoding="utf-8")
    told = json.loads(credpool(*asked, "--json", stdin=EMPTY).out)
    calls_with = called(path)
    config.write_text(LISTED, encoding="utf-8")

    assert "class:       forbidden" in before.out
    assert calls_before == ["0001", "0002", "0001", "0002"]
    assert (told["class"], told["rule"]) == ("out_of_credit", "config.yaml/plan-empty")
    assert (told["from"], told["source"]) == ("config.yaml:7", None)
    assert calls_with == ["0001", "0002", "0002"]
    assert credpool(*asked, stdin=EMPTY).out == before.out
    assert called(path) == calls_before


def test_a_rule_of_the_registry_is_named_with_its_file_and_source(credpool: "Command") -> None:
    """What matched can be looked up."""
    body = '{"error": {"code": "insufficient_quota"}}'

    ran = credpool("explain", "--provider", "openai", "--status", "429", stdin=body)

    assert "rule:        openai/insufficient-quota\n" in ran.out
    assert "from:        spec/registry/openai.yaml\n" in ran.out
    assert "source:      " in ran.out


def test_a_broken_rule_is_told_with_its_line(credpool: "Command", path: Path) -> None:
    """Nothing is explained by a configuration that is not in force."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("config.yaml").write_text("rules:\n  openai:\n    - {class: no}\n", "utf-8")

    ran = credpool("explain", "--provider", "openai", "--status", "429")

    assert ran.code != 0
    assert "config.yaml, line 3, rules.openai[0]" in ran.err


def test_a_provider_that_is_described_works_like_any_other(
    credpool: "Command", around: dict[str, str], path: Path
) -> None:
    """It is added to, found in its variables, listed and explained."""
    described = {"base_url": "https://api.acme.example/v1", "credentials": [{"env": ["ACME_KEY"]}]}
    described["rules"] = [{"when": {"status": 402}, "class": "usage_limited"}]
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"providers": {"acme": described}}
    path.with_name("config.yaml").write_text(json.dumps(config), encoding="utf-8")
    around["ACME_KEY"] = "acme-key-of-nobody-1"

    added = credpool("add", "acme", stdin="acme-key-of-nobody-2")
    listed = credpool("list", "acme", "--json")
    status = credpool("status")
    told = credpool("explain", "--provider", "acme", "--status", "402", "--json")

    assert added.code == 0
    assert [entry["source"] for entry in listed.entries] == ["env:ACME_KEY", "manual"]
    assert "acme" in status.out + status.err
    assert credpool("doctor").code in (0, 1)
    assert json.loads(told.out)["class"] == "usage_limited"
    assert json.loads(told.out)["from"] == "config.yaml:1"


def test_a_report_has_nothing_personal(credpool: "Command") -> None:
    """Ids, mails, keys and hosts are replaced, and what was understood is there."""
    body = (
        '{"error": {"message": "Allowance of joe@acme.example (org-8f7s6d5f) is used up in 20s"}}'
    )
    headers = ("--header", "x-request-id: req_0123456789", "--header", "retry-after: 20")

    ran = credpool("explain", "--provider", "openai", "--status", "429", *headers, "--report",
                   "--class", "usage_limited", stdin=body)  # fmt: skip

    assert not any(part in ran.out for part in ("joe", "acme", "8f7s", "req_"))
    assert "retry-after: 20" in ran.out
    assert "- should be: usage_limited" in ran.out
    assert "Read it before" in ran.err


def test_a_report_names_neither_a_user_nor_a_machine(credpool: "Command") -> None:
    """Also in small letters: what is no common word is replaced, and what everybody gets stays."""
    body = (
        "Allowance used up: hello joe, buildbox may not read /home/joe/keys or smb://buildbox/joe; "
        "try again in 20s on joe.local"
    )

    ran = credpool("explain", "--provider", "openai", "--status", "429", "--report", stdin=body)

    assert not any(name in ran.out for name in ("joe", "buildbox"))
    assert "used up: hello" in ran.out
    assert "may not read" in ran.out
    assert "try again in 20s on" in ran.out
