"""Render the page of environment variables: one row for each variable, by its name.

The registry names a credential's variables in order of precedence; `data_pages` has them by provider.
"""

from collections.abc import Iterator
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.specification import Specification
from tools.tables.billing import NOTE_PATH

PAGE: Final = "docs/guide/environment-variables.md"

_CREDENTIALS: Final = {"api_key": "API key", "oauth": "login"}
_HEADER: Final = ("variable", "provider", "credential", "place", "who pays")
_ABOUT: Final = """\
# Environment variables

The variables in which each provider's credentials are commonly kept, as the registry lists them.
Each one that is set becomes an entry of the provider's pool; *place* is its place among those of the same kind of credential.
`NAME_1`, `NAME_2`, `NAME_3` and so on become entries too, up to the first that is not set; a list in one variable is several keys.
[Seeding](../spec/seeding.md) has the rules; `$CREDPOOL_HOME` is the folder of the [command](../reference/cli.md), with `auth.json`, `config.yaml` and `.env`."""
_READ: Final = """\
`Pool.open` and the command read them; whatever is handed a `Surroundings` sees what is in that and nothing else, so that a test never sees the host's.
[Providers](../reference/providers.md) has the same by provider, with addresses and headers."""


def environment_page(spec: Specification) -> str:
    """Render the variables of every provider, in the order of their names."""
    note = f'--8<-- "{NOTE_PATH}"'
    more = "[Billing notes](../spec/billing.md) has every statement, with its source."
    rows = sorted(_rows(spec))
    return "\n\n".join([_ABOUT, table(_HEADER, rows), _READ, note, more]) + "\n"


def _rows(spec: Specification) -> Iterator[tuple[str, ...]]:
    for name, document in spec.registry.items():
        title = text(fields(document.data).get("title")) or name
        for entry in map(fields, items(fields(document.data).get("credentials"))):
            for place, variable in enumerate(map(text, items(entry.get("env"))), start=1):
                yield (
                    f"`{variable}`",
                    f"[{title}](../reference/providers/{name}.md)",
                    _CREDENTIALS.get(text(entry.get("auth_type")), ""),
                    str(place),
                    text(entry.get("payer")),
                )
