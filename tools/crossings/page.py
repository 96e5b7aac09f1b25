"""Render the features against one another, and the requirements against what bears on them."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import PurePosixPath
from typing import Final

from credpool_conformance.reporting.formats.markdown import table
from tools.crossings.bearers import BEARERS, bearer_counts
from tools.crossings.pairs import Pair, met, names_of, reasons
from tools.sources.specification import Specification

PAGE: Final = "docs/conformance/pairs.md"

_PAIRS: Final = """\
# Pairs of features

Rules that are right one by one go wrong where they meet.
For each two features that can meet in one call there is at least one check in which they do; of the others this page says why they cannot.
The lint of the specification holds it: a pair with neither is an error.

The number is that of the checks, and links to the first one; a dash leads to the reason below.
"""
_BEARERS: Final = """
## Each requirement, and what bears on it

How many checks of a requirement have calls that overlap, a restart, a second process, a second row of one secret, a second entry of one owner, a second model, or a policy that the operator has set.
An empty cell is no error: where a rule says nothing of the matter, there is nothing to check.
"""


def pairs_page(spec: Specification) -> str:
    """Render both tables, and the reasons for the dashes."""
    names, found, why = names_of(spec), met(spec), reasons(spec)
    chapters = {scenario.id: PurePosixPath(scenario.path).stem for scenario in spec.scenarios}
    header = ("feature", *(f"`{name}`" for name in names[1:]))
    rows = [
        (f"`{one}`", *(_cell((one, other), found, why, chapters) for other in names[1:]))
        for one in names[:-1]
    ]
    cannot = [(f"`{a}`", f"`{b}`", why[a, b]) for a, b in combinations(names, 2) if (a, b) in why]
    total = f"{len(found)} pairs meet; {len(cannot)} cannot.\n"
    parts = (_PAIRS, total, table(header, rows), "\n## Which cannot meet\n")
    return "\n".join((*parts, table(("one", "other", "because"), cannot), _bearers(spec))) + "\n"


def _cell(
    pair: Pair,
    found: Mapping[Pair, list[str]],
    why: Mapping[Pair, str],
    chapters: Mapping[str, str],
) -> str:
    if pair in found:
        scenario = found[pair][0].partition(":")[0]
        page = f"../spec/scenarios/{chapters[scenario]}.md"
        return f"[{len(found[pair])}]({page}#{scenario})"
    return "[–](#which-cannot-meet)" if pair in why else ""


def _bearers(spec: Specification) -> str:
    found = bearer_counts(spec)
    rows = [
        (
            f"[`{id_}`](../spec/{requirement.chapter}#{id_})",
            *(str(found[id_, name] or "") for name in BEARERS),
        )
        for id_, requirement in sorted(spec.requirements.items())
    ]
    return _BEARERS + "\n" + table(("requirement", *BEARERS), rows)
