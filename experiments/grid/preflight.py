"""Which trials lack files, checked before anything is trained."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from experiments.grid.definition import Grid, Unavailable
from experiments.training.context import TrialContext
from experiments.trial.requirements import Requirement, requirements
from experiments.trial.spec import TrialSpec

_SHOWN = 8


@dataclass(frozen=True)
class Preflight:
    """Which trials can run now, and what the others lack.

    Attributes:
        ready: trials that lack nothing.
        lacking: for each other trial, what is missing and where it would go.
        unavailable: trials on data of the user that were not found.
    """

    ready: list[TrialSpec] = field(default_factory=list)
    lacking: dict[TrialSpec, list[str]] = field(default_factory=dict)
    unavailable: tuple[Unavailable, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.lacking and not self.unavailable

    def message(self) -> str:
        """What is missing, for how many trials, and which cells can run; several lines."""
        needed = Counter(item for items in self.lacking.values() for item in items)
        needed += Counter(trial.message for trial in self.unavailable)
        short = len(self.lacking) + len(self.unavailable)
        lines = [f"{short} of {short + len(self.ready)} trials lack files:"]
        lines += [f"  {item}, for {count} trials" for item, count in needed.items()]
        cells = Counter(f"{s.dataset}/{s.model}/{s.glitch}" for s in self.ready)
        lines.append(f"{len(self.ready)} can run now" + (":" if cells else ""))
        lines += [f"  {cell}: {count}" for cell, count in list(cells.items())[:_SHOWN]]
        if len(cells) > _SHOWN:
            lines.append(f"  and {len(cells) - _SHOWN} more cells")
        return "\n".join(lines)


def preflight(grid: Grid, context: TrialContext) -> Preflight:
    """Check for every file that the trials need; nothing is downloaded."""
    found = Preflight(unavailable=grid.unavailable)
    known: dict[Requirement, str | None] = {}
    for spec in grid.specs:
        missing = []
        for need in requirements(spec, context):
            if need not in known:
                known[need] = need.missing()
            if (lack := known[need]) is not None:
                missing.append(lack)
        if missing:
            found.lacking[spec] = missing
        else:
            found.ready.append(spec)
    return found
