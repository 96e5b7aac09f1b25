"""Tell what has changed from one report to another, and nothing else.

A check that fails in both is a change only if it found something else broken.
"""

from collections.abc import Iterator
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.failing import Failing
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report

_UNLISTED: Final = {"expected-fail": "fail", "unexpected-pass": "pass"}


def changes(first: Report, second: Report) -> list[str]:
    """List what is another in the second report, line by line."""
    return [*_verdict(first, second), *_requirements(first, second), *_checks(first, second)]


def _verdict(first: Report, second: Report) -> Iterator[str]:
    before, after = (text(report.footer["verdict"]) for report in (first, second))
    if before != after:
        yield f"verdict: {before} / {after}"


def _requirements(first: Report, second: Report) -> Iterator[str]:
    before, after = (
        {found.requirement: found for found in map(_failing, items(report.footer["failing"]))}
        for report in (first, second)
    )
    ended = {check["id"]: _ended(check) for check in first.checks}
    for id_, found in after.items():
        if id_ not in before:
            passed = any(ended.get(name) == "pass" for name in (*found.own, *found.beside))
            word = "broken now" if passed else "seen now"
            yield f"{word}: {found.severity} {found.name} ({found.counted})"
        elif before[id_].severity != found.severity:
            yield f"broken otherwise: {found.name}: {before[id_].severity} / {found.severity}"
    for id_, found in before.items():
        if id_ not in after:
            yield f"no longer seen broken: {found.severity} {found.name}"


def _checks(first: Report, second: Report) -> Iterator[str]:
    before, after = ({c["id"]: c for c in report.checks} for report in (first, second))
    for id_ in dict.fromkeys((*before, *after)):
        was, now = _ended(before.get(id_)), _ended(after.get(id_))
        if was != now:
            yield f"{id_}: {was} / {now}"
        elif (old := _broken(before.get(id_))) != (new := _broken(after.get(id_))):
            yield f"{id_}: {was}, by {', '.join(old) or 'nothing'} / {', '.join(new) or 'nothing'}"


def _ended(check: CheckRecord | None) -> str:
    """Tell how a check ended; what a list of known failures made of it is no change of the pool."""
    ended = "absent" if check is None else check["outcome"]
    return _UNLISTED.get(ended, ended)


def _broken(check: CheckRecord | None) -> list[str]:
    findings = check["findings"] if check else ()
    return sorted({f"{(f['requirement'] or '') or 'the adapter'} {f['kind']}" for f in findings})


def _failing(raw: Json) -> Failing:
    return Failing.read(fields(raw))
