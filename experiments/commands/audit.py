"""``python -m experiments.audit``: find label errors and other glitches in a training set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.cli import parse, run
from experiments.commands.audit_options import AuditOptions

if TYPE_CHECKING:  # as below
    from experiments.audit.fold import Diagnose

PROGRAM = "python -m experiments.audit"
DESCRIPTION = (
    "Audit a training set: rank its samples by suspicion, name kinds and reasons, and write a "
    "report to review them."
)


def main(argv: Sequence[str] | None = None, diagnose: Diagnose | None = None) -> int:
    """The exit status: 0 if all is done, 1 if the results were not logged, 2 for bad input."""
    return run(lambda: _main(argv, diagnose))


def _main(argv: Sequence[str] | None, diagnose: Diagnose | None) -> int:
    options = parse(AuditOptions, PROGRAM, DESCRIPTION, argv)
    # here, because torch and MLflow take seconds to import: --help does not wait for them
    from experiments.commands.audit_run import audit_and_log  # noqa: PLC0415 - see above

    return audit_and_log(options, diagnose)
