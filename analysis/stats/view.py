"""What a table or figure shows: the metric, the signals and the row keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.choices import CELL, METRIC_TITLES
from experiments import schema


@dataclass(frozen=True)
class View:
    """What to show.

    Attributes:
        metric: a key of :data:`analysis.choices.METRIC_TITLES`.
        signals: the signals to show; ``None`` shows all that were logged.
        by: row keys of the main table.
    """

    metric: str = schema.F1
    signals: Sequence[str] | None = None
    by: Sequence[str] = CELL

    @property
    def title(self) -> str:
        """The metric as a title."""
        return METRIC_TITLES[self.metric]
