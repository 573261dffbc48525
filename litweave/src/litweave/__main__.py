"""`python -m litweave`: the command line."""

import sys

from litweave.cli import main

if __name__ == "__main__":
    sys.exit(main())
