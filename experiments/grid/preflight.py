"""What the trials of a grid need and whether it is here, looked up before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from experiments.datasets.base import DataOptions
from experiments.datasets.corrupted import CORRUPTED
from experiments.datasets.lookup import source_for
from experiments.training.build import missing_weights
from experiments.training.context import TrialContext
from experiments.trial.load import data_options
from experiments.trial.spec import TrialSpec

_SHOWN = 8


@dataclass(frozen=True)
class Preflight:
    """Which trials can run now, and what the others lack.

    Attributes:
        ready: trials that need nothing more.
        lacking: for each trial that cannot run now, what is missing and where it would go.
    """

    ready: list[TrialSpec] = field(default_factory=list)
    lacking: dict[TrialSpec, list[str]] = field(default_factory=dict)

    def message(self) -> str:
        """What is missing, for how many trials, and which cells can run; several lines."""
        needed: dict[str, int] = {}
        for items in self.lacking.values():
            for item in items:
                needed[item] = needed.get(item, 0) + 1
        total = len(self.ready) + len(self.lacking)
        lines = [f"{len(self.lacking)} of {total} trials lack files:"]
        lines += [f"  {item}, for {count} trials" for item, count in needed.items()]
        cells = cell_counts(self.ready)
        lines.append(f"{len(self.ready)} can run now" + (":" if cells else ""))
        lines += [f"  {cell}: {count}" for cell, count in list(cells.items())[:_SHOWN]]
        if len(cells) > _SHOWN:
            lines.append(f"  and {len(cells) - _SHOWN} more cells")
        return "\n".join(lines)


def cell_counts(specs: Sequence[TrialSpec]) -> dict[str, int]:
    """Trials by ``dataset/model/glitch``."""
    counts: dict[str, int] = {}
    for spec in specs:
        cell = f"{spec.dataset}/{spec.model}/{spec.glitch}"
        counts[cell] = counts.get(cell, 0) + 1
    return counts


def look(specs: Sequence[TrialSpec], context: TrialContext) -> Preflight:
    """Look for everything that the trials need; nothing is downloaded."""
    found = Preflight()
    known: dict[object, str | None] = {}
    for spec in specs:
        missing = [item for item in _missing(spec, context, known) if item is not None]
        if missing:
            found.lacking[spec] = missing
        else:
            found.ready.append(spec)
    return found


def _missing(
    spec: TrialSpec, context: TrialContext, known: dict[object, str | None]
) -> list[str | None]:
    options = data_options(spec, context)
    plain = DataOptions(context.data_root)
    keys = [(spec.dataset, options)]
    if spec.foreign is not None:
        keys.append((spec.foreign, plain))
    for key in keys:
        if key not in known:
            known[key] = source_for(key[0], context.data_root).missing(key[1])
    model = (spec.model, spec.pretrained)
    if model not in known:
        known[model] = missing_weights(spec.model, spec.settings, context)
    published = [
        CORRUPTED[spec.dataset].missing(corruption, plain)
        for corruption, _ in spec.plan.published()
    ]
    return [*(known[key] for key in keys), known[model], *published]
