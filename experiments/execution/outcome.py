"""How a trial of a grid ended, as its worker reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ending = Literal["finished", "skipped", "failed", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """The end of one trial.

    Attributes:
        spec_hash: which trial.
        ending: ``skipped``: another run had finished the spec meanwhile; ``stopped``: the grid was
            ended first.
        seconds: wall time of the trial.
        run_id: in MLflow, if a run was started.
        error: one line of what went wrong.
        own_fault: whether the trial would fail again wherever it ran.
        bad_input: whether the user can mend it.
        digest: content of the data that it read.
        parcel: a finished trial's run with its files, where the tracking store was out of reach.
    """

    spec_hash: str
    ending: Ending
    seconds: float = 0.0
    run_id: str | None = None
    error: str | None = None
    own_fault: bool = True
    bad_input: bool = False
    digest: str | None = None
    parcel: bytes | None = None
