"""The screen: one story for each fault, a line for the rest, and the worst at the end."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Name, RunSuite


def test_each_fault_is_told_once(run_suite: "RunSuite", naive: "Name") -> None:
    """The first check of a requirement has its whole story, a further one is a line."""
    ran = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess")

    assert "FAIL wait:retry-after-1: The retry waits as long as it was told" in ran.screen
    assert "FAIL wait:retry-after-2: waste rotate.retry-once" in ran.screen
    assert ran.screen.count("replay: ") == 1


def test_one_check_alone_is_told_whole(run_suite: "RunSuite", naive: "Name") -> None:
    """Who asks for one check wants to know all of it, also when it does not apply."""
    ran = run_suite(naive("inprocess", "Testee"), "inprocess", only="not-mine")

    assert "not-applicable not-mine: A feature that nobody declared" in ran.screen
    assert "feature not declared: shared-store" in ran.screen


def test_the_end_has_what_is_broken_and_what_to_do(run_suite: "RunSuite", naive: "Name") -> None:
    """Requirements are counted, with their consequence; then the verdict and three commands."""
    ran = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess")

    _, found, end = ran.screen.partition("1 broken requirement, the worst first:\n")
    assert found
    places = [
        end.index(part)
        for part in (
            "waste   rotate.retry-once+1  2 checks",
            "Keys are wasted.",
            "verdict: not-conformant",
            "the worst again:      replay-me --filter 'wait:retry-after-1'",
            "--format html --output",
            "--format known-failures --output",
        )
    ]
    assert places == sorted(places)


def test_what_is_seen_beside_is_told_too(run_suite: "RunSuite", naive: "Name") -> None:
    """A leak that a check about something else meets has a story, though that check passes."""
    ran = run_suite(naive("stdio", "Leaks"), only="healthy")

    assert ran.outcomes() == {"healthy": "pass"}
    assert "beside it, secret security.no-leak" in ran.screen
    assert "secret  security.no-leak  seen in 1 check" in ran.screen


def test_what_a_pool_does_not_say_of_itself_narrows_the_verdict(
    run_suite: "RunSuite", naive: "Name"
) -> None:
    """The profile stands above the verdict that holds for it."""
    ran = run_suite(naive("inprocess", "Narrow"), "inprocess", only="healthy")

    assert "profile: credentials: api_key\n  verdict: filtered" in ran.screen
