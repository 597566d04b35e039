import sys

from common.cli import run_command

sys.exit(run_command("experiments.commands.trial"))
