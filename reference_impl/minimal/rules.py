"""The specification's tables, as data (spec/tables, spec/registry).

What stands in a table stands nowhere in this package: the decision table, the hints and the
providers' rules are read from the specification's own files. Whoever changes a row there changes
what the pool does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SPEC = Path(__file__).parents[2] / "spec"
GENERIC = "generic"


@dataclass(frozen=True)
class Row:
    """What the decision table says of one failure class; a death is a cooldown without end."""

    action: str
    then: str | None
    cooldown: float | None
    hint: bool


@dataclass(frozen=True)
class Rule:
    """How one kind of failing reply is recognised, and its failure class."""

    id: str
    when: Mapping[str, Any]
    failure: str
    cooldown: float | None
    hint: Any
    """None: every row of the table of hints counts; or `none`, some rows, or a calendar."""


@dataclass(frozen=True)
class Credential:
    """How a secret of one type travels."""

    auth_type: str
    header: str
    scheme: str | None
    base_url: str | None
    extra_headers: Mapping[str, str]


@dataclass(frozen=True)
class Provider:
    """One provider: where it is, how secrets are sent there, and how it refuses."""

    name: str
    base_url: str | None
    credential_query: Sequence[str]
    credentials: Sequence[Credential]
    rules: Sequence[Rule]

    def credential(self, auth_type: str) -> Credential:
        """Return how secrets of this type are sent."""
        fitting = (one for one in self.credentials if one.auth_type == auth_type)
        return next(fitting, self.credentials[0])


@cache
def decision_table() -> Mapping[str, Row]:
    """Return the decision table, by failure class."""
    return {row["class"]: _row(row) for row in _read("tables/recovery.yaml")["rows"]}


@cache
def hint_table() -> Mapping[str, Mapping[str, Any]]:
    """Return the rows of the table of hints, in their order, by id."""
    # spec: cooldown.hint.some+1  nothing is left out, for `generic` stands for any endpoint
    return {row["id"]: row for row in _read("tables/hints.yaml")["rows"]}


@cache
def providers() -> Mapping[str, Provider]:
    """Return every provider of the registry, by name."""
    # spec: classify.providers+1  all are served: a file more is no line of code more
    files = sorted((SPEC / "registry").glob("*.yaml"))
    return {file.stem: _provider(_read(f"registry/{file.name}")) for file in files}


def rules_for(provider: Provider) -> Sequence[Rule]:
    """Return the rules for a provider's replies: its own, then the generic ones."""
    # spec: classify.registry+2
    return [*provider.rules, *providers()[GENERIC].rules]


@cache
def credential_headers() -> frozenset[str]:
    """Return every header in which a caller may have put a credential of its own."""
    known = (one.header for provider in providers().values() for one in provider.credentials)
    return frozenset({"authorization", *known})


def _read(name: str) -> Any:  # noqa: ANN401  the schemas in spec/schemas say what is in a file
    return yaml.load((SPEC / name).read_text(encoding="utf-8"), yaml.CSafeLoader)  # noqa: S506


def _row(row: Mapping[str, Any]) -> Row:
    cooldown = float("inf") if row["cooldown"] == "forever" else row["cooldown"]
    return Row(row["action"], row["then"], cooldown, row["hint"])


def _provider(told: Mapping[str, Any]) -> Provider:
    credentials = [
        Credential(
            one["auth_type"],
            one["header"],
            one["scheme"],
            one.get("base_url"),
            one.get("extra_headers", {}),
        )
        for one in told["credentials"]
    ]
    rules = [
        Rule(rule["id"], rule["when"], rule["class"], rule.get("cooldown"), rule.get("hint"))
        for rule in told["rules"]
    ]
    query = told.get("credential_query", ())
    return Provider(told["provider"], told["base_url"], query, credentials, rules)
