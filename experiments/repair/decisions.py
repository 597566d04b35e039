"""What is to be done with each suspicious sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.csv_safety import meant
from common.dataset import Dataset
from common.errors import UserError
from influence.diagnosis.base import LABEL_ERROR, RARE_CLUSTER

KEEP: Final = "keep"
RELABEL: Final = "relabel"
DROP: Final = "drop"
ACTIONS: Final = (KEEP, RELABEL, DROP)
COLUMNS: Final = ("row", "action", "new_label", "probability")

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """Rows of a training set to relabel and to drop; all others are kept.

    Attributes:
        relabelled: (r,) rows.
        labels: their new class numbers, (r,).
        dropped: (d,) rows.
    """

    relabelled: Rows
    labels: Rows
    dropped: Rows

    def apply(self, labels: Rows) -> tuple[Rows, Rows]:
        """The rows that stay and all labels after the repair, (n,)."""
        changed = labels.copy()
        changed[self.relabelled] = self.labels
        return np.setdiff1d(np.arange(len(labels)), self.dropped), changed

    def randomly(self, labels: Rows, n_classes: int, rng: np.random.Generator) -> Decisions:
        """As many decisions of each sort on random rows, with random other labels."""
        count = len(self.relabelled)
        rows = rng.choice(len(labels), count + len(self.dropped), replace=False)
        shift = rng.integers(1, n_classes, count)
        return Decisions(
            rows[:count], (labels[rows[:count]] + shift) % n_classes, np.sort(rows[count:])
        )


def proposed(suspicions: pd.DataFrame) -> pd.DataFrame:
    """The decisions that an audit speaks for, on each flagged sample.

    A wrong label is replaced where there is an expected one. A sample of a rare cluster is kept:
    it is right, and there are too few like it. Any other one is dropped.

    Returns:
        Columns ``row``, ``action``, ``new_label`` (empty unless relabelled), ``probability``.
    """
    flagged = suspicions[suspicions["flagged"]]
    other = flagged["expected_label"].notna() & (flagged["expected_label"] != flagged["label"])
    relabel = (flagged["kind"] == LABEL_ERROR) & other
    action = np.select([relabel, flagged["kind"] == RARE_CLUSTER], [RELABEL, KEEP], DROP)
    return pd.DataFrame(
        {
            "row": flagged["row"],
            "action": action,
            "new_label": flagged["expected_label"].where(relabel, "").astype(str),
            "probability": flagged["probability"],
        }
    ).reset_index(drop=True)


def read_decisions(path: Path) -> pd.DataFrame:
    """The decisions of a CSV file, such as the page of an audit exports."""
    try:
        # labels are texts, whatever they look like
        table = pd.read_csv(path, dtype={"new_label": str}, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    lacking = [name for name in COLUMNS[:3] if name not in table]
    if lacking:
        raise UserError(
            f"{path} lacks {', '.join(lacking)}; a decisions file has {', '.join(COLUMNS)}"
        )
    return table.assign(new_label=table["new_label"].map(meant))


def decided(table: pd.DataFrame, data: Dataset, what: str) -> Decisions:
    """The decisions of a table, checked against the data.

    Raises ``UserError`` naming the first row that does not fit.
    """
    numbers = {name: number for number, name in enumerate(data.class_names)}
    for place, row in enumerate(table["row"].tolist()):
        if not isinstance(row, int) or not 0 <= row < len(data):
            raise UserError(f"{what}: row must lie in 0..{len(data) - 1}, however: {row}")
        action, label = str(table["action"].iloc[place]), str(table["new_label"].iloc[place])
        if action not in ACTIONS:
            raise UserError(f"{what}: action must be one of {', '.join(ACTIONS)}: {action!r}")
        if action == RELABEL and label not in numbers:
            raise UserError(f"{what}: row {row} is given the unknown label {label!r}")
    twice = table["row"][table["row"].duplicated()]
    if len(twice):
        raise UserError(f"{what}: row {twice.iloc[0]} is decided on twice")
    relabel, drop = table[table["action"] == RELABEL], table[table["action"] == DROP]
    return Decisions(
        _rows(relabel["row"]),
        _rows([numbers[str(label)] for label in relabel["new_label"]]),
        _rows(drop["row"]),
    )


def _rows(values: Sequence[int] | pd.Series) -> Rows:
    return np.asarray(values, dtype=np.int64)
