"""`python -m credpool`: the command, where its script is not on the path."""

import sys

from credpool.cli import main

sys.exit(main())
