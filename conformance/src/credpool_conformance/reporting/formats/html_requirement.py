"""A broken requirement on the page: sentence, consequence, one example in full, the rest folded."""

from collections.abc import Iterable, Iterator
from typing import Final

from credpool_conformance.json_values import text
from credpool_conformance.reporting.explanation import Difference, broken, outcome
from credpool_conformance.reporting.failing import Failing
from credpool_conformance.reporting.formats.digest import Digest
from credpool_conformance.reporting.formats.html_text import cut, e, folded, place, prose, said
from credpool_conformance.reporting.record import CheckRecord

_IN_FULL: Final = 1500
_IN_LINE: Final = 160
_MOST_STDERR: Final = 2000


class Requirements:
    """The stories of broken requirements, in the order in which they are told."""

    def __init__(self, digest: Digest) -> None:
        """Begin with none told."""
        self.places: set[str] = set()
        """The checks that have a place on the page to link to."""
        self._digest = digest

    def article(self, found: Failing) -> str:
        """Tell a requirement in full."""
        what = prose(found.text) or e(found.name)
        title = f'<h3 id="{e(found.requirement)}">{level(found)} {what}</h3>'
        inner = "\n".join((title, *self._inner(found)))
        return f'<article class="{e(found.severity)}">\n{inner}\n</article>'

    def folded(self, found: Failing) -> str:
        """Tell a requirement below its name."""
        title = f"{level(found)} {prose(found.text) or e(found.name)}"
        inner = "\n".join(self._inner(found))
        return f'<article class="{e(found.severity)}" id="{e(found.requirement)}">{folded(title, inner)}</article>'

    def _linked(self, found: Failing) -> str:
        address = self._digest.link(found)
        name = f"<code>{e(found.name)}</code>"
        return f'<a href="{e(address)}">{name}</a>' if address else name

    def _inner(self, found: Failing) -> Iterator[str]:
        if found.consequence:
            yield f"<p><em>If broken:</em> {prose(found.consequence)}</p>"
        notes = [found.counted, "" if found.binding else "a SHOULD", "known" if found.known else ""]
        yield f'<p class="dim">{self._linked(found)}: {e("; ".join(filter(None, notes)))}</p>'
        example = self._digest.example(found)
        if example is not None:
            yield self._example(found, example)
            yield from self._others(found, example["id"])

    def _example(self, found: Failing, check: CheckRecord) -> str:
        own = check["id"] in found.own
        parts = [
            f"<article{self._anchor(check['id'])}>",
            f'<h3><span class="{e(outcome(check))}">{e(outcome(check))}</span> {e(check["title"])}</h3>',
            f'<p class="dim"><code>{e(check["id"])}</code> · <code>{e(check["scenario"])}</code></p>',
        ]
        if not own:
            parts.append("<p>This check is about something else, and met it on its way.</p>")
        parts += [difference(one) for one in _differences(found, check)]
        traced = _traced(text(line) for line in check["trace"])
        parts.append(folded("HTTP and clock", traced, is_open=True))
        if stderr := check["stderr"].strip():
            parts.append(folded("Standard error of the testee", pre(stderr[-_MOST_STDERR:])))
        parts.append(f"<p>Run it again:</p>{pre(check['replay'])}\n</article>")
        return "\n".join(parts)

    def _others(self, found: Failing, example: str) -> Iterator[str]:
        """Fold away the other checks that show it."""
        own = [id_ for id_ in found.own if id_ != example]
        if own:
            rows = "\n".join(self._line(found, self._digest.checks[id_]) for id_ in own)
            yield folded(f"{len(own)} more of its checks fail", f"<ul>\n{rows}\n</ul>")
        beside = [id_ for id_ in found.beside if id_ != example]
        if beside:
            listed = ", ".join(f"<code>{e(id_)}</code>" for id_ in beside)
            yield folded(
                f"Seen in {len(beside)} more checks, of other requirements", f"<p>{listed}</p>"
            )

    def _line(self, found: Failing, check: CheckRecord) -> str:
        seen = "; ".join(
            f"{e(one.where)}: expected <code>{said(cut(one.expected, _IN_LINE))}</code>, "
            f"saw <code>{said(cut(one.actual, _IN_LINE))}</code>"
            for one in _differences(found, check)[:1]
        )
        return f"<li{self._anchor(check['id'])}><code>{e(check['id'])}</code> {seen}</li>"

    def _anchor(self, check: str) -> str:
        if check in self.places:
            return ""
        self.places.add(check)
        return f' id="{e(place(check))}"'


def level(found: Failing) -> str:
    """Write how bad it is."""
    return f'<span class="level {e(found.severity)}">{e(found.severity)}</span>'


def difference(found: Difference) -> str:
    """Write what was expected, and what was seen."""
    both = f"expected {cut(found.expected, _IN_FULL)}\nactual   {cut(found.actual, _IN_FULL)}"
    unless = f"<p>No breach if {e(found.unless)}.</p>" if found.unless else ""
    return f"<p><strong>{e(found.where)}</strong></p>{pre(both)}{unless}"


def pre(content: str) -> str:
    """Write text as it is."""
    return f"<pre>{said(content)}</pre>"


def _traced(lines: Iterable[str]) -> str:
    """Write a trace, in which a long line goes on below its own beginning."""
    rows = "".join(
        f"<div>{said(line) or '&nbsp;'}</div>" for block in lines for line in block.splitlines()
    )
    return f'<pre class="trace">{rows}</pre>'


def _differences(found: Failing, check: CheckRecord) -> tuple[Difference, ...]:
    mine = [one for one in broken(check) if one.requirement == found.requirement]
    return mine[0].differences if mine else ()
