"""Write the command that runs a check again, as it was run.

It names this Python and this folder, so that it works from any folder, whatever the shell's path is.
"""

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

DEFAULT_TIMEOUT: Final = 10.0


def replay(
    testee: str,
    connector: str,
    timeout: float,
    *,
    scenarios: Path | None = None,
    spec: Path | None = None,
    begins: datetime | None = None,
    zone: str | None = None,
) -> str:
    """Write all of the command but its `--filter`.

    A list of known failures is left out on purpose: a replay is to show the failure.
    """
    words = [sys.executable, "-m", "credpool_conformance", "run", "--connector", connector]
    words += ["--testee", testee]
    if timeout != DEFAULT_TIMEOUT:
        words += ["--timeout", f"{timeout:g}"]
    for option, value in (
        ("--scenarios", scenarios),
        ("--spec", spec),
        ("--begin", begins and begins.isoformat()),
        ("--zone", zone),
    ):
        if value:
            words += [option, str(value)]
    return f"cd {shlex.quote(str(Path.cwd()))} && {shlex.join(words)}"
