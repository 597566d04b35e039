"""How a trial of a grid ended, as its worker reports it, and who is told. Loads no Ray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Ending = Literal["finished", "skipped", "failed", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """The end of one trial.

    Attributes:
        spec_hash: of the trial.
        ending: ``skipped``: another run of the spec had finished in the meantime; ``stopped``: the
            grid ended before the trial did.
        seconds: wall time of the trial.
        run_id: in MLflow, if a run was started.
        error: one line that says what went wrong.
        own_fault: whether the trial would fail again on any machine.
        bad_input: whether the user can correct the cause.
        parcel: record and files of a finished trial that could not be logged (see
            ``tracking/outbox.py``).
    """

    spec_hash: str
    ending: Ending
    seconds: float = 0.0
    run_id: str | None = None
    error: str | None = None
    own_fault: bool = True
    bad_input: bool = False
    parcel: bytes | None = None


@dataclass(frozen=True)
class Observer:
    """What is called while trials run.

    Attributes:
        started: with the number of a trial that starts.
        ended: with the outcome of each trial, once.
        note: with one line on anything else.
    """

    started: Callable[[int], None]
    ended: Callable[[Outcome], None]
    note: Callable[[str], None]
