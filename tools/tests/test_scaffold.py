"""A report becomes a rule with its example, and what is left to do is said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from credpool.cli.explain import explain
from credpool.cli.replies.report import report
from credpool.model.terms import AuthType
from credpool.providers.registry import provider
from credpool.providers.reply import Reply
from credpool_conformance.json_values import fields
from credpool_conformance.specification.documents import parse
from tools.lints.matching import matches
from tools.lints.rules import unfinished_problems
from tools.scaffold.__main__ import main
from tools.sources.specification import load

ROOT = Path(__file__).parents[2]
TREE = Path(__file__).parent / "tree"
SCHEMA = yaml.safe_load((ROOT / "spec/schemas/registry.schema.json").read_text("utf-8"))
BODY = (
    b'{"error": {"code": "allowance_used_up", "message": "The allowance of org-7f3k9a2b1c'
    b' is used up. Try again in 20s."}}'
)


def made(status: int = 403, body: bytes = BODY, wanted: str | None = "usage_limited") -> str:
    """Return what `credpool explain --report` writes, within an issue."""
    known, now = provider("deepseek"), 1795392000.0
    reply = Reply(status, {"retry-after": "30", "x-request-id": "req_7f3k9a2b1c"}, body)
    told = explain(known, reply, status, AuthType.API_KEY, now=now, file=None)
    return f"Hello,\n\n{report('deepseek', reply, told, wanted, now=now)}\nThanks!\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the registry's files."""
    folder = tmp_path / "spec" / "registry"
    folder.mkdir(parents=True)
    for path in (ROOT / "spec/registry").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    return tmp_path


def scaffolded(root: Path, text: str, *arguments: str) -> int:
    """Run the command on a report."""
    file = root / "report.md"
    file.write_text(text, encoding="utf-8")
    return main([str(file), "--root", str(root), *arguments])


def rules_of(root: Path, name: str) -> list[dict[str, Any]]:
    """Return a provider's rules."""
    path = root / "spec" / "registry" / f"{name}.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    found: list[dict[str, Any]] = document["rules"]
    return found


def test_a_report_becomes_a_rule_above_the_others(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the example, its hint and its day; nothing else in the file is another."""
    before = rules_of(root, "deepseek")

    status = scaffolded(root, made())

    first, *others = rules_of(root, "deepseek")
    assert (status, others) == (0, before)
    assert first["id"] == "allowance-used-up"
    assert first["when"] == {"status": 403, "code": "allowance_used_up"}
    assert (first["class"], first["verified"]) == ("usage_limited", "2026-11-23")
    assert (first["example"]["hint"], first["example"]["completed"]) == (30, True)
    assert first["example"]["headers"] == {"retry-after": "30"}
    assert "- `source`: where the report can be looked up" in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>no</html>", id="a page"),
        pytest.param(b'[{"error": "no"}]', id="a list"),
        pytest.param(b'{"message": "```http\\nHTTP/1.1 200"}', id="a fence in it"),
        pytest.param('{"message": "额度不足: 还剩"}'.encode(), id="another language"),
        pytest.param(b'"a text: #1"', id="a JSON text"),
    ],
)
def test_the_rule_matches_its_example(root: Path, body: bytes) -> None:
    """Whatever the body is, the rule is valid, and its example is one."""
    scaffolded(root, made(body=body), "--source", "acme/agent#7")

    first = rules_of(root, "deepseek")[0]
    assert matches(first["when"], first["example"], "api_key")
    assert first["source"].startswith("acme/agent#7;")


def test_a_second_rule_has_a_name_of_its_own(root: Path) -> None:
    """Two reports with one code are two rules."""
    scaffolded(root, made())
    scaffolded(root, made(status=429), "--class", "rate_limited", "--provider", "deepseek")

    found = [rule["id"] for rule in rules_of(root, "deepseek")[:2]]
    assert found == ["allowance-used-up-2", "allowance-used-up"]


def test_a_provider_without_rules_gets_its_first(root: Path) -> None:
    """An empty list becomes a list."""
    scaffolded(root, made(), "--provider", "nous")

    assert [rule["id"] for rule in rules_of(root, "nous")] == ["allowance-used-up"]


@pytest.mark.parametrize(
    ("text", "arguments", "why"),
    [
        pytest.param("It broke.", (), "no block begins", id="no report"),
        pytest.param(made().replace("- provider", "provider"), (), "`- provider: …`", id="a line"),
        pytest.param(made(wanted=None), (), "--class", id="no class"),
        pytest.param(made(), ("--provider", "acme"), "describe the provider", id="no provider"),
    ],
)
def test_what_is_missing_is_said(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, arguments: tuple[str, ...], why: str
) -> None:
    """Nothing is written, and the next step is named."""
    before = {p.name: p.read_bytes() for p in (root / "spec/registry").iterdir()}

    status = scaffolded(root, text, *arguments)

    assert status == 2
    assert why in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in (root / "spec/registry").iterdir()} == before


def test_what_is_left_open_is_found(root: Path) -> None:
    """A rule whose source nobody has filled in is a fault."""
    scaffolded(root, made())
    source = (root / "spec/registry/deepseek.yaml").read_text("utf-8")
    document = parse("spec/registry/deepseek.yaml", source)
    spec = replace(load(TREE), registry={"deepseek": document})

    found = [problem.what for problem in unfinished_problems(spec)]

    assert found == ["allowance-used-up: its source is left open"]
    assert fields(document.data)["provider"] == "deepseek"
