"""A report as one HTML file that needs nothing else: no script, no font, no image, no network.

Everything a testee said is escaped; the page forbids itself to load anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Final

from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.report import Report
from credpool_conformance.story import MARKS, Difference, differences, outcome, required

_STYLE: Final = """
:root { color-scheme: light dark; --bad: #b3261e; --good: #1b7f4b; --dim: #6b7280; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #6fdc9d; --dim: #9ca3af; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td:last-child { white-space: nowrap; text-align: right; }
code, pre { font: .85em/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; border: 1px solid var(--line); border-radius: 4px; padding: .6rem; }
article { border-left: 4px solid var(--bad); padding-left: 1rem; margin: 2rem 0; }
summary { cursor: pointer; padding: .3rem 0; }
.pass, .conformant { color: var(--good); }
.fail, .harness-error, .unexpected-pass, .unverified, .not-conformant, .error { color: var(--bad); }
.dim, .not-applicable, .excluded { color: var(--dim); }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HEADER: Final = ("suite", "connector", "command", "clock", "filter", "known_failures", "platform")


def render(report: Report) -> str:
    """Write the page."""
    testee = fields(report.header["testee"])
    name = " ".join(filter(None, (text(testee.get("name")), text(testee.get("version")))))
    name = name or "A testee that did not start"
    verdict = text(report.footer["verdict"])
    told = [check for check in report.checks if outcome(check) in (*MARKS, "expected-fail")]
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_e(name)}: {_e(verdict)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f'<h1>{_e(name)}: <span class="{_e(verdict)}">{_e(verdict)}</span></h1>',
        *_summary(report),
        *(["<h2>What to look at</h2>"] if told else []),
        *(_article(check) for check in told),
        "<h2>All checks</h2>",
        *_chapters(report),
        "</body>\n</html>",
    ]
    return "\n".join(parts) + "\n"


def _summary(report: Report) -> Iterator[str]:
    header, footer = report.header, report.footer
    yield (
        f"<p>Judged against version {_e(header['spec'])} of Credential Pool Rotation, "
        f"{_e(header['generated_at'])}.</p>"
    )
    if reasons := items(footer["reasons"]):
        yield f"<p>{_e('; '.join(map(text, reasons)))}</p>"
    counts = [(outcome, str(number)) for outcome, number in fields(footer["counts"]).items()]
    coverage = fields(footer["coverage"])
    covered = [
        (f"requirements {kind.replace('_', ' ')}", str(len(items(found))))
        for kind, found in coverage.items()
    ]
    yield _table([*counts, *covered])
    about = [(key.replace("_", " "), text(header[key])) for key in _HEADER if header[key]]
    features = ", ".join(map(text, items(fields(header["testee"]).get("features"))))
    about.append(("features", features or "core"))
    yield f"<details><summary>Conditions</summary>{_table(about)}</details>"
    if missing := items(coverage.get("unexercised")):
        listed = ", ".join(f"<code>{_e(reference)}</code>" for reference in missing)
        yield f"<details><summary>Requirements not exercised</summary><p>{listed}</p></details>"


def _article(check: Mapping[str, Json]) -> str:
    mark = outcome(check)
    parts = [
        f'<article id="{_e(check["id"])}">',
        f'<h3><span class="{_e(mark)}">{_e(mark)}</span> {_e(check["title"])}</h3>',
        f'<p class="dim"><code>{_e(check["id"])}</code> · <code>{_e(check["scenario"])}</code></p>',
        *(f"<p><code>{_e(ref)}</code> {_e(sentence)}</p>" for ref, sentence in required(check)),
        f"<p><em>If broken:</em> {_e(check['consequence'])}</p>",
    ]
    if check["reason"]:
        parts.append(f"<p>{_e(check['reason'])}</p>")
    parts += [_difference(found) for found in differences(check)]
    if trace := items(check["trace"]):
        parts.append(_folded("HTTP and clock", "\n".join(map(text, trace))))
    if check["stderr"]:
        parts.append(_folded("Standard error of the testee", text(check["stderr"])))
    parts.append(f"<p>Run it again:</p><pre>{_e(check['replay'])}</pre>\n</article>")
    return "\n".join(parts)


def _difference(found: Difference) -> str:
    said = f"expected {found.expected}\nactual   {found.actual}"
    return f"<p><strong>{_e(found.where)}</strong></p><pre>{_e(said)}</pre>"


def _folded(title: str, content: str) -> str:
    return f"<details open><summary>{_e(title)}</summary><pre>{_e(content)}</pre></details>"


def _chapters(report: Report) -> Iterator[str]:
    for chapter, group in groupby(report.checks, lambda check: text(check["chapter"])):
        checks = tuple(group)
        passed = sum(outcome(check) == "pass" for check in checks)
        title = f"{_e(chapter)}: {passed} of {len(checks)} pass"
        rows = "\n".join(map(_row, checks))
        yield f"<details><summary>{title}</summary><table>\n{rows}\n</table></details>"


def _row(check: Mapping[str, Json]) -> str:
    about = f"{_e(check['title'])}<br><code>{_e(check['id'])}</code>"
    if outcome(check) not in MARKS and check["reason"]:
        about += f'<br><span class="dim">{_e(check["reason"])}</span>'
    ended = f'<td class="{_e(outcome(check))}">{_e(outcome(check))}</td>'
    return f"<tr><td>{about}</td>{ended}</tr>"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<tr><th>{_e(name)}</th><td>{_e(value)}</td></tr>" for name, value in rows)
    return f"<table>{''.join(cells)}</table>"


def _e(value: Json) -> str:
    return escape(text(value))
