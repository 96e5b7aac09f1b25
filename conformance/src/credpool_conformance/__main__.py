"""Run the suite as `python -m credpool_conformance`, or as `credpool-conformance`."""

import sys

from credpool_conformance.cli import main


def run() -> None:
    """Do what the command line says, and exit."""
    sys.exit(main())


if __name__ == "__main__":
    run()
