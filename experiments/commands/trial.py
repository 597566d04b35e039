"""``python -m experiments.trial``: one trial, logged as one run, its scores as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from common.cli import build, given, run
from experiments.commands.trial_options import TrialOptions

PROGRAM = "python -m experiments.trial"
DESCRIPTION = "Run one trial and log it as one run."


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if the trial is finished, 1 if it failed, 2 for bad input."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    from experiments.trial.spec import TrialSpec  # noqa: PLC0415 - see below

    values = given(PROGRAM, DESCRIPTION, argv, TrialOptions, TrialSpec)
    request = {f.name: values.pop(f.name) for f in fields(TrialSpec) if f.name in values}
    options = build(TrialOptions, values)
    # here, because torch and MLflow take seconds to import: --help does not wait for them
    from experiments.commands.trial_run import run_one_trial  # noqa: PLC0415 - see above

    return run_one_trial(options, request)
