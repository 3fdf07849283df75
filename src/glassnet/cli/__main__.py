"""`python -m glassnet.cli` does what the command `glassnet` does."""

import sys

from glassnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
