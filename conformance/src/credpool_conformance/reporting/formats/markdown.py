"""A report as a Markdown summary: for the summary of a job, or a comment on a change.

Short when all is well; of what is broken it has the worst first, and as much as such a page can hold.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from credpool_conformance.json_values import text
from credpool_conformance.reporting.explanation import explanation, outcome
from credpool_conformance.reporting.failing import Failing, checks_in_words
from credpool_conformance.reporting.formats.digest import WORST, Digest
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report

_MOST: Final = 60_000
"""How many characters a comment holds at most, and a little less."""
_LONGEST_EXAMPLE: Final = 5_000
_FENCE: Final = re.compile(r"`{3,}")


def render(report: Report) -> str:
    """Write the summary."""
    digest = Digest(report)
    parts = [f"# {escape(digest.name, quote=False)}: {digest.verdict}", _about(digest)]
    parts += [*_worst(digest), *_broken(digest), *_open(digest), _chapters(report)]
    parts += _within(_MOST - len("\n\n".join(parts)), _rest(digest))
    return "\n\n".join(parts) + "\n"


def _about(digest: Digest) -> str:
    header = digest.report.header
    said = (
        f"{len(digest.report.checks)} checks over {text(header['connector'])}, "
        f"against version {text(header['spec'])} of Credential Pool Rotation"
    )
    said += f": {digest.reasons}." if digest.reasons else "."
    return said + (f"\nProfile: {digest.profile}." if digest.profile else "")


def _worst(digest: Digest) -> Iterator[str]:
    if not digest.failing:
        return
    yield "## The worst of it"
    for found in digest.failing[:WORST]:
        yield _requirement(digest, found)
        if check := digest.example(found):
            yield _example(check, is_open=True)


def _requirement(digest: Digest, found: Failing) -> str:
    address = digest.link(found)
    name = f"[`{found.name}`]({address})" if address else f"`{found.name}`"
    said = [f"**{found.severity}** {name} ({found.counted}): {escape(found.text, quote=False)}"]
    if found.consequence:
        said.append(f"*If broken:* {escape(found.consequence, quote=False)}")
    return "\n".join(said)


def _broken(digest: Digest) -> Iterator[str]:
    if len(digest.failing) > WORST:
        yield f"## All {len(digest.failing)} broken requirements"
        rows = [
            (
                found.severity,
                f"`{found.name}`",
                found.counted,
                escape(found.consequence, quote=False),
            )
            for found in digest.failing
        ]
        yield table(("", "requirement", "seen in", "if broken"), rows)


def _open(digest: Digest) -> Iterator[str]:
    if digest.open:
        needs = (f"{number} need `{name}` first" for name, number in digest.needs.most_common())
        yield f"No conclusion in {checks_in_words(len(digest.open))}, which is no pass: {', '.join(needs)}."


def _chapters(report: Report) -> str:
    outcomes = list(dict.fromkeys(outcome(check) for check in report.checks))
    counted: dict[str, Counter[str]] = {}
    for check in report.checks:
        counted.setdefault(check["chapter"], Counter())[outcome(check)] += 1
    rows = [
        (chapter, *(str(counts[name] or "") for name in outcomes))
        for chapter, counts in counted.items()
    ]
    totals = Counter(outcome(check) for check in report.checks)
    rows.append(("**all**", *(f"**{totals[name]}**" for name in outcomes)))
    return table(("chapter", *outcomes), rows)


def _rest(digest: Digest) -> Iterator[str]:
    examples = (digest.example(found) for found in digest.failing[WORST:])
    told = {check["id"]: check for check in (*examples, *digest.others) if check}
    yield from map(_example, told.values())


def _within(size: int, examples: Iterable[str]) -> Iterator[str]:
    left_out = 0
    for told in examples:
        size -= len(told) + 2
        if size >= 0:
            yield told
        else:
            left_out += 1
    if left_out:
        yield f"{left_out} more are in the report."


def _cut(lines: str) -> str:
    return (
        lines
        if len(lines) <= _LONGEST_EXAMPLE
        else f"{lines[:_LONGEST_EXAMPLE]}… (the rest is in the report)"
    )


def _example(check: CheckRecord, *, is_open: bool = False) -> str:
    lines = _cut("\n".join(explanation(check)))
    longest = max(map(len, _FENCE.findall(lines)), default=2)
    fence = "`" * (longest + 1)
    title = f"{outcome(check)}: <code>{escape(check['id'])}</code>"
    about = escape(check["title"], quote=False)
    begin = "<details open>" if is_open else "<details>"
    return (
        f"{begin}<summary>{title} {about}</summary>\n\n{fence}text\n{lines}\n{fence}\n\n</details>"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a table."""
    lines = [header, ["---"] * len(header), *rows]
    cells = ([" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
