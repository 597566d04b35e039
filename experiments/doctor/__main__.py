import sys

from experiments.commands.doctor import main

sys.exit(main())
