"""Two reports beside each other: what broke, and what only came into sight."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.reporting.comparison import changes

if TYPE_CHECKING:
    from conftest import Name, RunSuite


@pytest.mark.parametrize(
    ("before", "word"), [("pass", "broken now: "), ("inconclusive", "seen now: ")]
)
def test_what_came_into_sight_is_not_broken_now(
    run_suite: "RunSuite", naive: "Name", before: str, word: str
) -> None:
    """A requirement is broken now only if one of its failing checks passed before."""
    after = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess").report
    checks = tuple({**c, "outcome": before} for c in after.checks)
    first = replace(after, checks=checks, footer={**after.footer, "failing": []})

    found = changes(first, after)

    assert any(line.startswith(f"{word}waste rotate.retry-once+1") for line in found)
