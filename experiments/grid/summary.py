"""Outcomes of the trials of a grid, counted as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from experiments.execution.outcome import Ending, Outcome
from experiments.trial.spec import TrialSpec


@dataclass
class Summary:
    """Outcomes of the trials of a grid.

    Attributes:
        specs: the trials that were to run, by hash.
        already: number of trials of the grid that were finished before.
        outcomes: what has come in.
        unlogged: number of finished trials that wait to be logged.
        broken: whether the grid itself ended with an error.
    """

    specs: Mapping[str, TrialSpec]
    already: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    unlogged: int = 0
    broken: bool = False

    def count(self, ending: Ending) -> int:
        """Number of trials that ended in this way."""
        return sum(outcome.ending == ending for outcome in self.outcomes)

    @property
    def failed(self) -> list[tuple[TrialSpec, Outcome]]:
        """The trials that failed, with their outcomes."""
        return [(self.specs[o.spec_hash], o) for o in self.outcomes if o.ending == "failed"]

    @property
    def status(self) -> str:
        """The final status of the grid's own run."""
        if self.broken or self.count("stopped"):
            return "KILLED"
        return "FAILED" if self.count("failed") else "FINISHED"

    @property
    def complete(self) -> bool:
        """Whether every trial is finished and logged."""
        return self.status == "FINISHED" and not self.unlogged
