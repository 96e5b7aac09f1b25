"""How much a start costs, as a ratio within one run: the command is run for each TAB and in each script."""

import os
import sys

import pytest

BUDGET = 3.0
"""By how much a start may cost more CPU than that of a bare `click` program."""

RUNS = 7
BARE = "import click; click.command()(lambda: None).main([], standalone_mode=False)"
OURS = "import sys; sys.argv = ['credpool', {!r}]; from credpool.cli import main; sys.exit(main())"


def cpu(code: str) -> float:
    """Return how many seconds of CPU an interpreter needs for some code, its own start included."""
    quiet = ((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),)
    command = [sys.executable, "-c", code]
    pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, code
    return used.ru_utime + used.ru_stime


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="the system counts no child's CPU")
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_start_costs_little_more_than_the_library_it_is_made_with(option: str) -> None:
    """The best of several runs of each, one after the other: what else the machine does is in none."""
    pairs = [(cpu(BARE), cpu(OURS.format(option))) for _ in range(RUNS)]

    bare, ours = (min(column) for column in zip(*pairs, strict=True))

    assert ours / bare <= BUDGET, f"{ours:.3f} s of CPU, and {bare:.3f} s of a bare program"
