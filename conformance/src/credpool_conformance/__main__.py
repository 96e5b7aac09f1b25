"""Run the suite as `python -m credpool_conformance`."""

import sys

from credpool_conformance.cli import main

if __name__ == "__main__":
    sys.exit(main())
