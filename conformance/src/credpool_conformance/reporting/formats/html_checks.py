"""The checks on the page: those that came to no conclusion, those that broke, and all, by chapters."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

from credpool_conformance.reporting.explanation import explanation, outcome
from credpool_conformance.reporting.failing import checks_in_words
from credpool_conformance.reporting.formats.digest import Digest
from credpool_conformance.reporting.formats.html_requirement import pre
from credpool_conformance.reporting.formats.html_text import e, folded, place
from credpool_conformance.reporting.record import CheckRecord

_NOT_RUN: Final = ("not-applicable", "excluded")


class Checks:
    """The checks of a report; `places` are those with a story on the page."""

    def __init__(self, digest: Digest, places: Collection[str]) -> None:
        """Know what can be linked to."""
        self._digest = digest
        self._places = {*places}
        self._broken = {found.requirement for found in digest.failing}

    def open(self) -> Iterator[str]:
        """List what the checks without a conclusion need first."""
        if not self._digest.open:
            return
        yield f'<h2 id="open">No conclusion in {checks_in_words(len(self._digest.open))}</h2>'
        yield "<p>Their subject was not reached, or what they saw follows from another fault. This is no pass.</p>"
        rows = (
            f"<li>{number} need {self._named(needs)} first</li>"
            for needs, number in self._digest.needs.most_common()
        )
        yield f"<ul>{''.join(rows)}</ul>"

    def others(self) -> Iterator[str]:
        """Tell the checks with a fault that is no requirement's."""
        if self._digest.others:
            yield '<h2 id="others">Other faults</h2>'
        told: Counter[str] = Counter()
        for check in self._digest.others:
            id_, reason = check["id"], (check["reason"] or "")
            self._places.add(id_)
            title = f'<span class="{e(outcome(check))}">{e(outcome(check))}</span> <code>{e(id_)}</code>'
            told[reason] += 1
            inner = (
                pre("\n".join(explanation(check))) if told[reason] == 1 else f"<p>{e(reason)}</p>"
            )
            yield f'<div id="{e(place(id_))}">{folded(title, inner)}</div>'

    def chapters(self) -> Iterator[str]:
        """List all checks, the chapters folded."""
        yield '<h2 id="checks">All checks</h2>'
        for chapter, group in groupby(self._digest.report.checks, lambda check: check["chapter"]):
            checks = tuple(group)
            ran = [check for check in checks if outcome(check) not in _NOT_RUN]
            title = f"{e(chapter)}: {_counted(checks)}"
            table = f"<table>\n{chr(10).join(map(self._row, ran))}\n</table>" if ran else ""
            yield folded(title, table + "".join(_unapplied(checks)))

    def _named(self, needs: str) -> str:
        name = f"<code>{e(needs)}</code>"
        return f'<a href="#{e(needs)}">{name}</a>' if needs in self._broken else name

    def _row(self, check: CheckRecord) -> str:
        id_ = check["id"]
        name = f"<code>{e(id_)}</code>"
        if id_ in self._places:
            name = f'<a href="#{e(place(id_))}">{name}</a>'
        why = f'<br><span class="dim">{e(check["reason"])}</span>' if check["reason"] else ""
        ended = f'<td class="ended {e(outcome(check))}">{e(outcome(check))}</td>'
        return f"<tr><td>{name} {e(check['title'])}{why}</td>{ended}</tr>"


def _counted(checks: Sequence[CheckRecord]) -> str:
    """Count the outcomes; what does not apply is no failing of anybody's."""
    counts = Counter(map(outcome, checks))
    ran = {name: number for name, number in counts.items() if name not in _NOT_RUN}
    parts = [f"{counts['pass']} of {sum(ran.values())} pass"] if ran else []
    parts += [f"{number} {name}" for name, number in ran.items() if name != "pass"]
    parts += [f"{counts[name]} {name}" for name in _NOT_RUN if counts[name]]
    return e(", ".join(parts))


def _unapplied(checks: Sequence[CheckRecord]) -> Iterator[str]:
    """Name the checks that did not run, together by their reason."""
    why: dict[str, list[str]] = {}
    for check in checks:
        if outcome(check) in _NOT_RUN:
            why.setdefault(f"{outcome(check)}: {check['reason'] or ''}", []).append(check["id"])
    for reason, ids in why.items():
        listed = ", ".join(f"<code>{e(id_)}</code>" for id_ in ids)
        yield f'<p class="dim">{e(reason)}: {listed}</p>'
