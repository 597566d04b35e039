"""The command."""

import sys

from experiments.repair.command import main

if __name__ == "__main__":
    sys.exit(main())
