"""What has become of the trials of a grid, as outcomes come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from experiments.execution.outcome import Ending, Outcome
from experiments.trial.spec import TrialSpec


@dataclass
class Tally:
    """Outcomes by trial.

    Attributes:
        specs: the trials that were to run, by hash.
        already: how many trials of the grid were finished before.
        outcomes: what has come in.
        spooled: how many finished trials wait to be logged.
        broken: whether the grid ended by an error of its own.
    """

    specs: Mapping[str, TrialSpec]
    already: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    spooled: int = 0
    broken: bool = False

    def count(self, ending: Ending) -> int:
        """How many trials ended so."""
        return sum(outcome.ending == ending for outcome in self.outcomes)

    @property
    def failed(self) -> list[tuple[TrialSpec, Outcome]]:
        """The trials that failed, and how."""
        return [(self.specs[o.spec_hash], o) for o in self.outcomes if o.ending == "failed"]

    @property
    def status(self) -> str:
        """How the grid's own run ends."""
        if self.broken or self.count("stopped"):
            return "KILLED"
        return "FAILED" if self.count("failed") else "FINISHED"

    @property
    def complete(self) -> bool:
        """Whether every trial is finished and logged."""
        return self.status == "FINISHED" and not self.spooled
