import sys

from experiments.commands.repair import main

sys.exit(main())
