import sys

from experiments.commands.grid import main

sys.exit(main())
