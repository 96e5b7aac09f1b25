"""A report as a list of known failures, for `run --known-failures`: what is broken, as short as can be.

A requirement that all its checks show is listed by its id, else its checks are, with globs where all
the cases of one fail.  What no list may hold is named at its top.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from credpool_conformance.reporting.explanation import broken, outcome
from credpool_conformance.reporting.failing import Failing, needed
from credpool_conformance.reporting.formats.digest import Digest
from credpool_conformance.reporting.record import CheckRecord, cited
from credpool_conformance.reporting.report import Report

_RAN: Final = ("pass", "fail", "expected-fail", "unexpected-pass")
_FAILED: Final = ("fail", "expected-fail")
_KNOWN: Final = "known: "
_HEAD: Final = """\
# What {name} fails.  Write your own reasons: these only say what it means for a user.
# A failure that is not listed fails the run, and so does an entry that is no longer true.
"""


def render(report: Report) -> str:
    """Write the list, in YAML."""
    digest = Digest(report)
    ran = {id_: check for id_, check in digest.checks.items() if outcome(check) in _RAN}
    entries: dict[str, str] = {}
    needs = {needed(check) for check in report.checks}
    for found in digest.failing:
        if found.binding or found.requirement in needs:
            for id_, entry in _entries(found, ran):
                entries.setdefault(id_, entry)
    counts = Counter(map(outcome, report.checks))
    head = _HEAD.format(name=digest.name.replace("\n", " "))
    if counts["harness-error"]:
        head += f"# No list can hold these: {counts['harness-error']} x harness-error.\n"
    return head + "".join(f"{json.dumps(id_)}:\n{entry}" for id_, entry in entries.items())


def _entries(found: Failing, ran: dict[str, CheckRecord]) -> Iterator[tuple[str, str]]:
    """Write the entries that cover one broken requirement."""
    verifying = {id_ for id_, check in ran.items() if found.requirement in cited(check)}
    if not found.own or verifying <= {*found.own}:
        yield (
            found.requirement,
            _reason(f"{found.severity}: {found.consequence or found.text or found.counted}"),
        )
        return
    failed = {id_ for id_, check in ran.items() if outcome(check) in _FAILED}
    for id_ in dict.fromkeys(_glob(id_, failed, ran) for id_ in found.own):
        check = ran.get(id_)
        if check is None:
            yield id_, _reason(f"{found.severity}: {found.requirement}")
        else:
            said = (
                (check["reason"] or "").removeprefix(_KNOWN)
                if outcome(check) == "expected-fail"
                else ""
            )
            kinds = json.dumps(_kinds(check))
            yield (
                id_,
                _reason(said or f"{found.severity}: {found.requirement}") + f"  kind: {kinds}\n",
            )


def _glob(id_: str, failed: set[str], ran: Collection[str]) -> str:
    """Find the widest glob around an id of which everything failed that ran."""
    for end in (":", "/"):
        stem, found, _ = id_.partition(end)
        like = [other for other in ran if other.startswith(stem + end)] if found else []
        if len(like) > 1 and failed.issuperset(like):
            return f"{stem}{end}*"
    return id_


def _kinds(check: CheckRecord) -> Sequence[str]:
    own = {one.requirement for one in broken(check) if one.own}
    return sorted({f["kind"] for f in check["findings"] if (f["requirement"] or "") in own})


def _reason(reason: str) -> str:
    return f"  reason: {json.dumps(reason, ensure_ascii=False)}\n"
