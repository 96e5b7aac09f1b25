"""Look again when all checks have run: a breach says nothing where what it stands on is missing.

It does not matter in which order the checks ran.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.evidence import rule_of
from credpool_conformance.charging.prerequisites import needed
from credpool_conformance.specification.charges import table

_HINTED = ("cooldown.hint", "cooldown.skew", "cooldown.clamp")
_LENGTHS = ("until", "order", "out", "nothing")
"""How a wrong length shows: in words, or by who is asked at its end."""
_FAILED = (Outcome.FAIL, Outcome.WARN)


def reconsider(checks: Sequence[Check]) -> list[Check]:
    """Return the checks, those inconclusive whose failure rests on something that no check showed."""
    kept = {id_ for check in checks if check.outcome is Outcome.PASS for id_ in check.verified}
    tried = {id_ for check in checks if check.outcome in _FAILED for id_ in check.verified}
    followed = {failure for check in checks for failure in check.followed}
    missing = tried - kept
    lengths = {f.about for check in checks for f in check.own if _is_length(f) and f.about}
    return [_again(check, missing, followed, lengths) for check in checks]


def _rests_on_the_usual(finding: Finding) -> bool:
    """Tell whether a length was to be the pool's usual one, which is judged elsewhere."""
    hinted = (finding.requirement or "").startswith(_HINTED)
    return finding.kind in _LENGTHS and not _is_length(finding) and not hinted


def _is_length(finding: Finding) -> bool:
    return finding.kind in _LENGTHS and finding.requirement == "cooldown.default"


def _again(check: Check, missing: set[str], followed: set[str], lengths: set[str]) -> Check:
    if check.outcome not in _FAILED:
        return check
    needs = [_need(check, finding, missing, followed, lengths) for finding in check.own]
    if not needs or not all(needs):
        return check
    need = next(filter(None, needs))
    findings = tuple(
        replace(f, requirement=need, others=()) if f in check.own else f for f in check.findings
    )
    reason = f"needs {need} first"
    return replace(check, outcome=Outcome.INCONCLUSIVE, findings=findings, reason=reason)


def _need(
    check: Check, finding: Finding, missing: set[str], followed: set[str], lengths: set[str]
) -> str | None:
    """Name what a finding rests on that no check has shown; none if it stands by itself."""
    if finding.about in lengths and _rests_on_the_usual(finding):
        return "cooldown.default"
    return next(_needs(check, finding, missing, followed), None)


def _needs(check: Check, finding: Finding, missing: set[str], followed: set[str]) -> Iterator[str]:
    if finding.requirement is None:
        return
    if finding.kind not in _LENGTHS and finding.about and finding.about not in followed:
        yield rule_of(finding.about)
    if finding.kind in ("order", "target") and not finding.requirement.startswith("select."):
        strategy = (check.scenario.given.strategy or "default").replace("_", "-")
        yield from {f"select.{strategy}"} & missing
    stands_on = {*table().rule(finding.requirement).needs, *needed(check.scenario)}
    yield from sorted((stands_on & missing) - {*check.verified})
