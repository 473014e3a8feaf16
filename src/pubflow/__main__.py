"""`python -m pubflow`: the command line without an installed script."""

import sys

from pubflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
