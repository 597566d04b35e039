import sys

from experiments.commands.audit import main

sys.exit(main())
