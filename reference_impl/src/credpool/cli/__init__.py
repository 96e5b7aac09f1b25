"""The `credpool` command: what an operator types, and what he is told (spec: operator)."""

import sys


def main() -> int:
    """Run the command, and return its exit code."""
    try:
        from credpool.cli.app import run  # noqa: PLC0415  an extra: it may not be installed

        return run()
    except ModuleNotFoundError as err:
        if err.name is None or err.name.startswith("credpool"):
            raise
        sys.stderr.write("credpool: the command needs its extra: pip install 'credpool[cli]'\n")
        return 2
