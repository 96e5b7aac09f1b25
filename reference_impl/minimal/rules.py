"""The specification's tables, as data (spec/tables, spec/registry).

What stands in a table is not repeated in code: the decision table, the table of hints and the
providers' rules are read from the specification's own files, and used as they are. Whoever changes
a row there changes what the pool does. The schemas in spec/schemas say what a file can hold.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypedDict

import yaml

SPEC = Path(__file__).parents[2] / "spec"

Data = Mapping[str, Any]
"""A row of a table, a rule, a credential or a provider, as its file says."""


class Row(TypedDict):
    """The decision table's row of a failure class; `then` follows when `action` cannot be."""

    action: Literal["retry", "refresh", "rotate", "try-next", "deliver"]
    then: Literal["rotate"] | None
    cooldown: float | Literal["forever"] | None
    hint: bool


@cache
def decision_table() -> Mapping[str, Row]:
    """Return the decision table, by failure class."""
    return {row["class"]: row for row in read("tables/recovery.yaml")["rows"]}


@cache
def hint_table() -> Mapping[str, Data]:
    """Return the table of hints, in its order, by the rows' ids."""
    # spec: cooldown.hint.some+1 (no row is left out)
    return {row["id"]: row for row in read("tables/hints.yaml")["rows"]}


@cache
def registry() -> Mapping[str, Data]:
    """Return every provider of the registry, by name."""
    # spec: classify.providers+1 (no provider is left out)
    return {file.stem: read(f"registry/{file.name}") for file in SPEC.glob("registry/*.yaml")}


def rules_of(provider: str) -> Sequence[Data]:
    """Return the rules for a provider's replies: its own, then the generic ones."""
    zone = {"zone": registry()[provider].get("zone")}  # of moments in the provider's texts
    return [zone | rule for name in (provider, "generic") for rule in registry()[name]["rules"]]


def credential(provider: str, auth_type: str) -> Data:
    """Return how a provider wants secrets of a type to be sent."""
    known: Sequence[Data] = registry()[provider]["credentials"]
    return next((one for one in known if one["auth_type"] == auth_type), known[0])


@cache
def credential_headers() -> frozenset[str]:
    """Return the headers in which a caller may have put a credential, whoever the provider is."""
    known = (one["header"] for each in registry().values() for one in each["credentials"])
    return frozenset({"authorization", *known})


@cache
def read(name: str) -> Any:  # noqa: ANN401  a schema says what it is
    """Return what one of the specification's files holds."""
    text = (SPEC / name).read_text(encoding="utf-8")
    return yaml.load(text, yaml.CSafeLoader)
