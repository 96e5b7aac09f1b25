"""A report as a Markdown summary: for the summary of a job, or a comment on a change.

Short when all is well; what failed is told in full, up to a number that such a page can hold.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from credpool_conformance.book.markdown import table
from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.report import Report
from credpool_conformance.story import MARKS, outcome, story

_MOST_STORIES: Final = 50
_FENCE: Final = re.compile(r"`{3,}")


def render(report: Report) -> str:
    """Write the summary."""
    header, footer = report.header, report.footer
    testee = fields(header["testee"])
    name = " ".join(filter(None, (text(testee.get("name")), text(testee.get("version")))))
    reasons = "; ".join(text(reason) for reason in items(footer["reasons"]))
    parts = [
        f"# {escape(name, quote=False) or 'A testee that did not start'}: {text(footer['verdict'])}",
        f"{len(report.checks)} checks over {text(header['connector'])}, "
        f"against version {text(header['spec'])} of Credential Pool Rotation"
        + (f": {reasons}." if reasons else "."),
        _chapters(report),
        *_stories(report),
    ]
    return "\n\n".join(parts) + "\n"


def _chapters(report: Report) -> str:
    outcomes = list(dict.fromkeys(outcome(check) for check in report.checks))
    counted: dict[str, Counter[str]] = {}
    for check in report.checks:
        counted.setdefault(text(check["chapter"]), Counter())[outcome(check)] += 1
    rows = [
        (chapter, *(str(counts[name] or "") for name in outcomes))
        for chapter, counts in counted.items()
    ]
    totals = Counter(outcome(check) for check in report.checks)
    rows.append(("**all**", *(f"**{totals[name]}**" for name in outcomes)))
    return table(("chapter", *outcomes), rows)


def _stories(report: Report) -> Iterator[str]:
    told = [check for check in report.checks if outcome(check) in MARKS]
    for check in told[:_MOST_STORIES]:
        yield _story(check)
    if len(told) > _MOST_STORIES:
        yield f"{len(told) - _MOST_STORIES} more are in the report."


def _story(check: Mapping[str, Json]) -> str:
    lines = "\n".join(story(check))
    longest = max(map(len, _FENCE.findall(lines)), default=2)
    fence = "`" * (longest + 1)
    title = f"{outcome(check)}: <code>{escape(text(check['id']))}</code>"
    about = escape(text(check["title"]), quote=False)
    return f"<details><summary>{title} {about}</summary>\n\n{fence}text\n{lines}\n{fence}\n\n</details>"
