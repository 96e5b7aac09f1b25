"""Fill the pages on `auth.json` and `config.yaml` with the tables of their fields."""

from collections.abc import Mapping
from typing import Final

from tools.sources.regions import fill
from tools.sources.specification import Specification
from tools.tables.auth_file import auth_tables
from tools.tables.policy import policy_table

AUTH_PAGE: Final = "docs/reference/auth-json.md"
CONFIG_PAGE: Final = "docs/reference/config-yaml.md"


def reference_pages(spec: Specification) -> Mapping[str, str]:
    """Return the pages, where there are any."""
    contents = {
        AUTH_PAGE: auth_tables(spec),
        CONFIG_PAGE: {"policy": _from_here(policy_table(spec))},
    }
    return {
        page: fill((spec.root / page).read_text(encoding="utf-8"), regions)
        for page, regions in contents.items()
        if (spec.root / page).exists()
    }


def _from_here(table: str) -> str:
    """Lead the links of a chapter's table to the chapters."""
    return table.replace("](", "](../spec/")
