"""What a table or figure shows: the metric, the signals and the row keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.stats.summary import CELL
from experiments import schema

#: The metrics that tables and figures can show, with their titles.
METRIC_TITLES: Final = {
    schema.F1: "F1",
    schema.AVERAGE_PRECISION: "Average precision",
    schema.ROC_AUC: "ROC AUC",
    schema.THRESHOLD_F1: "F1 at the signal's own threshold",
    schema.FLAGGED_CLEAN: "Fraction of clean samples flagged",
    schema.KIND_ACCURACY: "Fraction of detected glitches with the right kind",
}


@dataclass(frozen=True)
class View:
    """What to show.

    Attributes:
        metric: a key of :data:`METRIC_TITLES`.
        signals: the signals to show; ``None`` shows all that were logged.
        by: row keys of the main table.
    """

    metric: str = schema.F1
    signals: Sequence[str] | None = None
    by: Sequence[str] = tuple(CELL)

    @property
    def title(self) -> str:
        """The metric as a title."""
        return METRIC_TITLES[self.metric]
