"""The options of ``python -m experiments.trial`` besides the fields of a trial."""

from __future__ import annotations

from dataclasses import dataclass

from common.cli import option
from experiments.commands.environment_options import EnvironmentOptions


@dataclass(frozen=True, kw_only=True)
class TrialOptions(EnvironmentOptions):
    """How the trial is run and logged."""

    again: bool = option("run a finished trial again and replace its run", False)
    from_run: str | None = option(
        "id of a finished run: repeat its trial, log nothing, compare the scores"
    )
    fetch: bool = option("download data and weights that are missing", False)
