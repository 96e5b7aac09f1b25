"""A report as one HTML file that needs nothing else: no script, no font, no image, no network.

It begins with the worst that the pool does to a user.  Everything a testee said is escaped; the page
forbids itself to load anything.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.digest import WORST, Digest
from credpool_conformance.reporting.formats.html_checks import Checks
from credpool_conformance.reporting.formats.html_requirement import Requirements, level
from credpool_conformance.reporting.formats.html_text import e, folded, prose, table
from credpool_conformance.reporting.formats.style import STYLE
from credpool_conformance.reporting.report import Report
from credpool_conformance.specification.charges import SEVERITY_MEANS

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HEADER: Final = ("suite", "connector", "command", "clock", "filter", "known_failures", "platform")
_NUMBERS: Final = ("", "worst thing", "two worst things", "three worst things")


def render(report: Report) -> str:
    """Write the page."""
    digest = Digest(report)
    requirements = Requirements(digest)
    # In the order of the page: the first one to show a check is what others link to.
    worst = [*_worst(digest, requirements)]
    rest = [*_rest(digest, requirements)]
    checks = Checks(digest, requirements.places)
    parts = [
        *_head(digest),
        *_about(digest),
        _contents(digest),
        *worst,
        *_broken(digest),
        *rest,
        *checks.open(),
        *checks.others(),
        *checks.chapters(),
        *_conditions(report),
        "</body>\n</html>",
    ]
    return "\n".join(parts) + "\n"


def _head(digest: Digest) -> Iterator[str]:
    name, verdict = e(digest.name), e(digest.verdict)
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{name}: {verdict}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f'<h1>{name}: <span class="{verdict}">{verdict}</span></h1>'


def _about(digest: Digest) -> Iterator[str]:
    header = digest.report.header
    yield (
        f"<p>Judged against version {e(header['spec'])} of Credential Pool Rotation, "
        f"{e(header['generated_at'])}.</p>"
    )
    if digest.reasons:
        yield f"<p>{e(digest.reasons)}</p>"
    if digest.profile:
        yield f"<p>This holds for what the pool says it is: {e(digest.profile)}.</p>"


def _contents(digest: Digest) -> str:
    places = [
        ("worst", "The worst of it", digest.failing),
        ("broken", f"Broken requirements ({len(digest.failing)})", digest.failing[WORST:]),
        ("open", f"No conclusion ({len(digest.open)})", digest.open),
        ("others", f"Other faults ({len(digest.others)})", digest.others),
        ("checks", f"All checks ({len(digest.report.checks)})", digest.report.checks),
        ("conditions", "Conditions", [True]),
    ]
    links = (f'<a href="#{place}">{e(title)}</a>' for place, title, there in places if there)
    return f"<nav>{''.join(links)}</nav>"


def _worst(digest: Digest, requirements: Requirements) -> Iterator[str]:
    found = digest.failing[:WORST]
    if found:
        yield f'<h2 id="worst">The {_NUMBERS[len(found)]} it does to a user</h2>'
    yield from map(requirements.article, found)


def _broken(digest: Digest) -> Iterator[str]:
    """List everything that is broken, each with a link to its story."""
    if len(digest.failing) <= WORST:
        return
    yield f'<h2 id="broken">All {len(digest.failing)} broken requirements, the worst first</h2>'
    yield '<table class="wide">\n<tbody>'
    for found in digest.failing:
        yield (
            f"<tr><td>{level(found)}</td>"
            f'<td><a href="#{e(found.requirement)}"><code>{e(found.name)}</code></a></td>'
            f"<td>{prose(found.consequence)}</td><td>{e(found.counted)}</td></tr>"
        )
    yield "</tbody>\n</table>"
    meant = (f"<b>{name}</b>: {e(means)}" for name, means in SEVERITY_MEANS.items())
    yield f'<p class="dim">{"; ".join(meant)}.</p>'


def _rest(digest: Digest, requirements: Requirements) -> Iterator[str]:
    if digest.failing[WORST:]:
        yield "<h2>One example of each other requirement</h2>"
    yield from map(requirements.folded, digest.failing[WORST:])


def _conditions(report: Report) -> Iterator[str]:
    header, footer = report.header, report.footer
    about = [(key.replace("_", " "), text(header[key])) for key in _HEADER if header[key]]
    features = ", ".join(map(text, items(fields(header["testee"]).get("features"))))
    about.append(("features", features or "core"))
    coverage: Mapping[str, Json] = fields(footer["coverage"])
    about += [
        (f"requirements {kind.replace('_', ' ')}", str(len(items(there))))
        for kind, there in coverage.items()
    ]
    yield f'<h2 id="conditions">Conditions</h2>\n{table(about)}'
    if missing := items(coverage.get("unexercised")):
        listed = ", ".join(f"<code>{e(reference)}</code>" for reference in missing)
        yield folded(f"{len(missing)} requirements not exercised", f"<p>{listed}</p>")
