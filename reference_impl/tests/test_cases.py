"""Real replies of many providers, each with the reading that its source argues for."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from credpool.model.recovery import RECOVERY, Step
from credpool.model.terms import AuthType, FailureClass, Scope
from credpool.providers.classify import classify
from credpool.providers.registry import names, provider
from credpool.providers.reply import Reply

FILE = Path(__file__).parents[2] / "conformance" / "replies" / "cases.jsonl"
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
NOW = 1795713297.0
"""The moment at which the rows count, 2026-11-26T17:14:57Z."""

BENCHES = {Scope.ENTRY, Scope.MODEL, Scope.OWNER, Scope.OWNER_MODEL}
HARMLESS = {"request_error", "overloaded", "server_error", "forbidden"}
PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|\b(?:\d{1,3}\.){3}\d{1,3}\b|\bsk-[\w-]{8,}|\beyJ[\w-]{8,}"
)
Case = Mapping[str, object]


def wanted(value: object) -> set[str]:
    """Return what a row accepts."""
    return set(value) if isinstance(value, list) else {str(value)}


def within(value: object, seconds: float | None) -> bool:
    """Whether a cooldown is what a row accepts."""
    match value:
        case None:
            return True
        case [int() | float() as least, int() | float() as most]:
            return seconds is not None and least <= seconds <= most
        case int() | float():
            return seconds is not None and abs(seconds - value) < 1
    return False


def read(case: Case) -> dict[str, bool]:
    """Return which parts of a row are read as it says."""
    headers = {name.lower(): str(value) for name, value in dict(case["headers"] or {}).items()}
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    reply = Reply(int(str(case["status"])), headers, body.encode())
    known, auth_type = provider(str(case["provider"])), AuthType(case["auth_type"])
    found = classify(reply, known, auth_type, now=NOW)
    row = RECOVERY[found.failure]
    hint = found.hint if row.hint else None
    default = found.cooldown if found.cooldown is not None else row.cooldown
    seconds = default if hint is None else max(1.0, hint)
    asked_again = {Step.RETRY: {"retry", "rotate"}, Step.REFRESH: {"refresh", "rotate"}}
    scopes = {found.scope.value, found.scope.value.removeprefix("owner-")}
    actions = {"any", *asked_again.get(row.step, {row.step.value})}
    return {
        "class": found.failure.value in wanted(case["expect_class"]),
        "action": not actions.isdisjoint(wanted(case.get("expect_action", "any"))),
        "scope": "expect_scope" not in case or not scopes.isdisjoint(wanted(case["expect_scope"])),
        "hint": within(case.get("expect_retry_s"), seconds),
        "bench": found.scope in BENCHES,
    }


def test_there_are_cases() -> None:
    """The rows were found, and their providers are known."""
    assert len(CASES) > 30
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {case["provider"] for case in CASES} <= set(names())
    assert all(case["source"] and case["why"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_real_reply_is_understood(case: Case) -> None:
    """Its class, what happens next, whom it rests on and for how long are as its source says."""
    found = read(case)

    assert {part for part, right in found.items() if not right} <= {"bench"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_fault_of_the_request_benches_nobody(case: Case) -> None:
    """What is no fault of the credential takes no credential out."""
    if wanted(case["expect_class"]) <= HARMLESS:
        assert not read(case)["bench"]


def test_the_rows_name_nobody() -> None:
    """No mail address, network address or secret of anybody is kept."""
    assert PERSONAL.findall(FILE.read_text(encoding="utf-8")) == []


def test_the_share_of_each_provider(capsys: pytest.CaptureFixture[str]) -> None:
    """The share of right classes, scopes and hints is shown for each provider."""
    rows, right = Counter[str](), Counter[tuple[str, str]]()
    for case in CASES:
        rows[str(case["provider"])] += 1
        right.update((str(case["provider"]), part) for part, good in read(case).items() if good)

    with capsys.disabled():
        print()  # noqa: T201
        for name, count in sorted(rows.items()):
            shares = (f"{part} {right[name, part]}/{count}" for part in ("class", "scope", "hint"))
            print(f"  {name:16}", *shares)  # noqa: T201  it is what the test is for
    assert {failure.value for failure in FailureClass} >= HARMLESS
