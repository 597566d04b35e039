import sys

from experiments.commands.trial import main

sys.exit(main())
