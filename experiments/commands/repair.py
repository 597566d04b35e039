"""``python -m experiments.repair``: apply the decisions of an audit and measure the gain."""

from __future__ import annotations

from collections.abc import Sequence

from common.cli import parse, run
from experiments.commands.repair_options import RepairOptions

PROGRAM = "python -m experiments.repair"
DESCRIPTION = "Write a repaired copy of an audited training set and measure the gain in accuracy."


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if all is done, 1 if the results were not logged, 2 for bad input."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    options = parse(RepairOptions, PROGRAM, DESCRIPTION, argv)
    # here, because torch and MLflow take seconds to import: --help does not wait for them
    from experiments.commands.repair_run import repair_and_log  # noqa: PLC0415 - see above

    return repair_and_log(options)
