"""Render the list of providers, and how well each thing is known."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.pages.chapter_tables import environment_table
from tools.pages.chapters import NOTICE, front_matter
from tools.pages.registry.provider import provider_page
from tools.sources.evidence import EVIDENCE, evidence
from tools.sources.specification import Specification
from tools.tables.billing import CREDENTIALS, NOTE_PATH

FOLDER: Final = "docs/reference/providers"

_ABOUT: Final = "Every provider that is known: how one is let in, what it refuses, and who pays."
_KNOWN: Final = (
    "A rule says where its example is from, how it is known, and of which day that is: "
    "of the document that was read, of the capture (or of the day on which a capture without a "
    "date was read), of the report. Nobody called a provider to check a rule."
)
_OLDEST: Final = 20


def providers_pages(spec: Specification) -> Mapping[str, str]:
    """Render the list, and a page for each provider, by their paths."""
    pages = {f"{FOLDER}/{name}.md": provider_page(spec, name) for name in spec.registry}
    return {f"{FOLDER}.md": _index(spec), **pages}


def _index(spec: Specification) -> str:
    parts = [
        "# Providers",
        "Where each provider's credentials come from, what its failing replies mean, and who pays.",
        '<div class="filtered" data-says="Filter the providers" markdown>',
        table(
            ("provider", "pool", "with", "variables", "refusals"),
            sorted(_rows(spec), key=_by_title),
        ),
        "</div>",
        "## Who pays",
        f'--8<-- "{NOTE_PATH}"',
        "[Billing notes](../spec/billing.md) has every statement, with its source.",
        "## Headers and variables",
        "In order of precedence; a numbered one, such as `OPENAI_API_KEY_2`, goes by its base name.",
        environment_table(spec, "providers/{}.md"),
        "## How well it is known",
        _KNOWN,
        *_ages(spec),
    ]
    return front_matter(_ABOUT, boost=0.5) + NOTICE + "\n\n".join(parts) + "\n"


def _rows(spec: Specification) -> Iterator[tuple[str, ...]]:
    for name, document in spec.registry.items():
        data = fields(document.data)
        ways = [fields(way) for way in items(data.get("credentials"))]
        kinds = (
            f"{CREDENTIALS.get(text(way.get('auth_type')), '')} ({text(way.get('payer'))})"
            for way in ways
        )
        variables = (f"`{text(variable)}`" for way in ways for variable in items(way.get("env")))
        yield (
            f"[{text(data.get('title')) or name}](providers/{name}.md)",
            f"`{name}`",
            ", ".join(kinds),
            ", ".join(variables),
            str(len(items(data.get("rules")))),
        )


def _by_title(row: Sequence[str]) -> str:
    return row[0].lower()


def _ages(spec: Specification) -> Iterator[str]:
    """Say how much is known in which way, and what somebody looked at the longest ago."""
    known = sorted(evidence(spec), key=lambda one: (one.verified, one.name))
    kinds = Counter(one.evidence for one in known)
    told = ", ".join(f"{kinds[kind]} {words}" for kind, words in EVIDENCE.items() if kinds[kind])
    yield "## Looked at longest ago"
    yield (
        f"Of what the registry says, each with its kind of evidence and its day: {told}.\n"
        f"These {_OLDEST} are the oldest; [a report](../contributing.md#make-a-rule-from-a-report) "
        "of such a reply renews them."
    )
    rows = [(f"`{one.name}`", EVIDENCE[one.evidence], one.verified) for one in known[:_OLDEST]]
    yield table(("what", "how it is known", "of"), rows)
