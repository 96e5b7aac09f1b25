"""An operator's own rules and providers in `config.yaml` (spec: configuration)."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from credpool import Secret
from credpool.config.own import check, described, pool_named
from credpool.errors import BadConfig
from credpool.providers.registry import provider, provider_of
from credpool.seed import Surroundings, open_pool, view_pool

SCHEMAS = Path(__file__).parents[2] / "spec" / "schemas"
FORM = Draft202012Validator(json.loads((SCHEMAS / "config.schema.json").read_text("utf-8")))
RULE: dict[str, Any] = {
    "id": "plan-empty",
    "when": {
        "status": [402, "4xx"],
        "code": ["plan_empty", 1305],
        "message": "no money",
        "header": {"X-Left": "0", "retry-after": False},
        "quota": ["PerDay"],
        "auth_type": "api_key",
    },
    "class": "out_of_credit",
    "scope": "entry",
    "cooldown": 60,
    "hint": ["retry-after"],
    "source": "our own log",
}
PROVIDER: dict[str, Any] = {
    "title": "Acme",
    "base_url": "https://api.acme.example/v1",
    "zone": "+08:00",
    "owner_headers": ["X-Org"],
    "credential_query": ["key"],
    "in_band": ["error"],
    "terminal": ["acme_gone", {"codes": ["acme_closed"], "source": "our own log"}],
    "credentials": [
        {
            "auth_type": "oauth",
            "header": "X-Acme-Key",
            "scheme": None,
            "payer": "free",
            "env": ["ACME_API_KEY"],
            "prefix": "acme-",
            "aliases": ["ACME_TOKEN", {"name": "ACME_KEY", "verified": "2026-11-23"}],
            "extra_headers": {"x-beta": "yes"},
            "token_url": "https://api.acme.example/token",
        }
    ],
    "rules": [RULE],
    "note": "A note.",
}
WHOLE = {"rules": {"openai": [RULE]}, "providers": {"acme": PROVIDER, "work": {"api": "x"}}}
VALUES = st.sampled_from(
    [None, True, False, 0, -1, 1.5, 402, 200, 600, 1e12 + 0.5, "", "x", "4xx", "none", "a b", "X-Y", "é",
     [], ["x"], [402], [True], {}, {"x": "y"}, {"calendar": "noon"}, {"calendar": "month-start-utc"},
     "out_of_credit", "https://x.example/v1", "ftp://x", "+25:00", "-05:30", "NAME"]
)  # fmt: skip


def steps(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path to each value of a document."""
    named = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )  # type: ignore[var-annotated]
    for step, inner in named:
        yield (*path, step)
        yield from steps(inner, (*path, step))


PATHS = [path for path in steps(WHOLE) if len(path) > 2 and "work" not in path]


def changed(
    path: tuple[str | int, ...], value: object, *, name: str | None = None
) -> dict[str, Any]:
    """Return the document with another value at a path, or under another name there."""
    document = deepcopy(WHOLE)
    there: Any = document
    for step in path[:-1]:
        there = there[step]
    if name is not None and isinstance(there, dict):
        there[name] = there.pop(path[-1])
    else:
        there[path[-1]] = value
    return document


def is_refused(document: dict[str, Any]) -> bool:
    """Return whether the library refuses a document."""
    try:
        check(document)
    except BadConfig:
        return True
    return False


def test_the_whole_form_is_taken() -> None:
    """Every name of the schema means something to the library."""
    check(WHOLE)

    assert [*FORM.iter_errors(WHOLE)] == []


@given(path=st.sampled_from(PATHS), value=VALUES)
def test_the_schema_is_what_is_refused(path: tuple[str | int, ...], value: object) -> None:
    """Whatever stands in place of a value, the library and the schema say the same of it."""
    document = changed(path, value)

    assert is_refused(document) is not FORM.is_valid(document)


@given(path=st.sampled_from(PATHS))
def test_no_name_is_passed_over(path: tuple[str | int, ...]) -> None:
    """A name that was mistyped is refused, except where any name may be."""
    document = changed(path, None, name="x-mistyped")

    assert is_refused(document) is not FORM.is_valid(document)


@pytest.mark.parametrize(
    ("name", "key"),
    [("OpenAI", "openai"), ("new_api", "new-api"), ("custom: My Relay", "custom:my-relay")],
)
def test_a_name_under_rules_means_a_pool(name: str, key: str) -> None:
    """Case and underscores do not matter, and an endpoint is named as it is listed."""
    assert pool_named(name) == key


def test_every_field_of_the_registry_is_read() -> None:
    """What is written is what the rules go by."""
    known = described(WHOLE, "acme", "acme")

    assert known is not None
    way, rule = known.credential(provider("generic").credentials[0].auth_type), known.rules[0]
    assert (way.header, way.scheme, way.env) == ("x-acme-key", None, ("ACME_API_KEY",))
    assert (rule.name, rule.place) == ("config.yaml/plan-empty", ("providers", "acme", "rules", 0))
    assert rule.codes == {"plan_empty", "1305"}
    assert known.owner_headers == ("x-org",)
    assert way.aliases == ("ACME_TOKEN", "ACME_KEY")
    assert known.terminal >= {"acme_gone", "acme_closed", "invalid_grant"}
    assert known.rules[1].name.startswith("generic/")


def test_other_pools_are_as_the_registry_has_them() -> None:
    """A pool of which nothing is said has no provider of its own."""
    assert described(WHOLE, "groq", "groq") is None


LINES = """\
# our relays
rules:
  openai:
    - when: {status: 403}
      class: forbidden
    - {when: {status: 429}, class: overloaded}
    - when:
        status: 403
      class: forbiden
providers:
  acme:
    credentials:
      - header: x-acme-key
        scheme: ""
"""


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param(LINES, "line 14, providers.acme.credentials[0].scheme", id="a provider"),
        pytest.param(LINES.replace('""', "null"), "line 9, rules.openai[2].class", id="a rule"),
        pytest.param("rules: {openai: [{when: {}}]}", "line 1, rules.openai[0].when", id="braces"),
        pytest.param("a: 1\nrules:\n  opnai: []\n", "line 3, rules.opnai", id="a name"),
        pytest.param(
            "base: &b {when: {status: 200}, class: forbidden}\nrules:\n  openai:\n    - *b\n",
            "line 1, rules.openai[0].when.status",
            id="an anchor",
        ),
    ],
)
def test_the_line_is_named_and_the_file_is_left(tmp_path: Path, text: str, where: str) -> None:
    """The error leads to the line, shows no value, and the file stays as it is."""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(BadConfig) as refused:
        view_pool("openai", Surroundings(environ={}, folder=tmp_path))

    assert str(refused.value).startswith(f"config.yaml, {where}: ")
    assert str(refused.value).endswith("; correct it there")
    assert "forbiden" not in str(refused.value)
    assert file.read_text(encoding="utf-8") == text


def test_a_rule_survives_what_happens_to_the_pool(tmp_path: Path) -> None:
    """The provider is the same after the pool was written, read again, and opened again."""
    (tmp_path / "config.yaml").write_text(json.dumps({"rules": {"openai": [RULE]}}), "utf-8")
    around = Surroundings(environ={"OPENAI_API_KEY": "sk-of-nobody-12345"}, folder=tmp_path)

    pool = open_pool("openai", around)
    pool.reset()

    for state in (pool.state, view_pool("openai", around)):
        assert provider_of(state).rules[0].name == "config.yaml/plan-empty"
        assert [e.secret for e in state.entries] == [Secret("sk-of-nobody-12345")]
