"""The command."""

import sys

from experiments.audit.command import main

if __name__ == "__main__":
    sys.exit(main())
