"""What the commands can be asked to show, by name. Nothing heavy is imported here: ``--help`` lists
the names without loading what makes them."""

from __future__ import annotations

from typing import Final

from experiments import schema

CELL: Final = ("dataset", "model", "glitch", "ratio", "variant")
"""The keys of a cell. Trials of one cell differ only in their seed."""
GROUPS: Final = (*CELL, "modality")
"""The keys that tables can be grouped by."""
BLOCKS: Final = (*CELL, "seed")
"""What can make a block of a statistical test."""
METRIC_TITLES: Final = {
    schema.F1: "F1",
    schema.AVERAGE_PRECISION: "Average precision",
    schema.ROC_AUC: "ROC AUC",
    schema.THRESHOLD_F1: "F1 at the signal's own threshold",
    schema.FLAGGED_CLEAN: "Fraction of clean samples flagged",
    schema.KIND_ACCURACY: "Fraction of detected glitches with the right kind",
}
"""The metrics that tables and figures can show, with their titles."""
TABLES: Final = (
    *("detection", "averages", "accuracy", "epochs", "ratios", "ranks", "thresholds", "seconds"),
)
FROM_METRICS: Final = ("figure1", "figure2", "figure4", "figure5", "epochs", "ranks", "seconds")
FROM_SCORES: Final = ("distributions", "precision_recall")
FIGURES: Final = (*FROM_METRICS, *FROM_SCORES)
"""Figures; those of the second group are drawn from the scores that runs have stored."""
TABLE_FORMATS: Final = ("csv", "latex", "markdown", "html")
FIGURE_FORMATS: Final = ("pdf", "svg", "png")
