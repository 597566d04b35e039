"""What to do with each suspicious sample: keep, relabel or drop it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.csv_safety import unescape_formula
from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.user.delimited_text import read_delimited
from experiments.repair.label_studio import read_label_studio
from influence.diagnosis.base import LABEL_ERROR, RARE_CLUSTER

KEEP: Final = "keep"
RELABEL: Final = "relabel"
DROP: Final = "drop"
ACTIONS: Final = (KEEP, RELABEL, DROP)
COLUMNS: Final = ("row", "action", "new_label", "probability")
MIN_ROWS: Final = 2
"""A class needs this many rows after the repair, as in any training set."""
_ROW: Final = r"^\s*(\d{1,18})(?:[.,]0)?\s*$"
"""A row number; pandas and spreadsheets may write 3 as ``3.0``, or ``3,0``."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """Rows of a training set to relabel and to drop; all other rows are kept.

    Attributes:
        relabelled: (r,) rows.
        labels: (r,) their new class numbers.
        dropped: (d,) rows.
    """

    relabelled: Rows
    labels: Rows
    dropped: Rows

    @property
    def touched(self) -> Rows:
        """All rows that are relabelled or dropped, (r + d,)."""
        return np.concatenate([self.relabelled, self.dropped])

    def apply(self, labels: Rows) -> tuple[Rows, Rows]:
        """The rows that are kept, and the labels of all rows after the repair, (n,)."""
        changed = labels.copy()
        changed[self.relabelled] = self.labels
        return np.setdiff1d(np.arange(len(labels)), self.dropped), changed

    def shuffled(self, labels: Rows, n_classes: int, rng: np.random.Generator) -> Decisions:
        """The same number of relabelled and dropped rows at random, with random other labels."""
        count = len(self.relabelled)
        rows = rng.choice(len(labels), count + len(self.dropped), replace=False)
        shift = rng.integers(1, n_classes, count)
        return Decisions(
            rows[:count], (labels[rows[:count]] + shift) % n_classes, np.sort(rows[count:])
        )


def propose(suspicions: pd.DataFrame) -> pd.DataFrame:
    """The decisions that follow from an audit, one for each flagged sample.

    A label error with a known expected label is relabelled. A sample of a rare cluster is kept: it
    is correct, and there are too few like it. Any other flagged sample is dropped.

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
    """Read a CSV file of decisions, such as the audit report exports, with any separator that a
    table may have, or the JSON export of Label Studio; all cells are text."""
    if path.suffix.lower() == ".json":
        return read_label_studio(path)
    text = read_delimited(path, rows_needed=0)
    table: pd.DataFrame = pd.concat(
        [cells.to_pandas().astype(object) for cells in text.cells], axis="columns"
    )
    table.columns = pd.Index(text.names)
    check_columns(table, str(path))
    table["new_label"] = table["new_label"].map(unescape_formula)
    return table


def check_columns(table: pd.DataFrame, what: str) -> None:
    """Raise ``UserError`` unless each column of a table of decisions is there once."""
    for name in COLUMNS[:3]:
        count = int((table.columns == name).sum())
        if count != 1:
            raise UserError(
                f"{what} must have one column {name!r}, got {count}; the columns of a decisions "
                f"file are {', '.join(COLUMNS)}"
            )


def validated(table: pd.DataFrame, data: Dataset, what: str) -> Decisions:
    """Check a table of decisions against the data.

    Args:
        table: columns ``row``, ``action``, ``new_label``.
        data: the training set.
        what: names the table in errors.

    Raises:
        UserError: naming the first row that is not valid, or the class of which too few rows would
            remain.
    """
    rows = _row_numbers(table["row"], len(data), what)
    action = table["action"].to_numpy()
    unknown = np.flatnonzero(~np.isin(action, ACTIONS))
    if len(unknown):
        raise UserError(
            f"{what}: action must be one of {', '.join(ACTIONS)}, got {action[unknown[0]]!r} for "
            f"row {rows[unknown[0]]}"
        )
    relabel = action == RELABEL
    numbers = pd.Series(range(data.n_classes), index=list(data.class_names))
    labels = table["new_label"].astype(str)[relabel].map(numbers)
    if labels.isna().any():
        place = np.flatnonzero(relabel)[int(labels.isna().to_numpy().argmax())]
        raise UserError(
            f"{what}: row {rows[place]} has the unknown new_label "
            f"{str(table['new_label'].iloc[place])!r}; the classes are {_listed(data.class_names)}"
        )
    decisions = Decisions(rows[relabel], labels.to_numpy(np.int64), rows[action == DROP])
    _check_classes(decisions, data, what)
    return decisions


def _row_numbers(column: pd.Series, n: int, what: str) -> Rows:
    parts = column.astype(str).str.extract(_ROW, expand=False)
    rows: Rows = parts.fillna("-1").to_numpy(str).astype(np.int64)
    wrong = np.flatnonzero((rows < 0) | (rows >= n))
    if len(wrong):
        got = column.iloc[wrong[0]]
        raise UserError(f"{what}: row must be a whole number in 0..{n - 1}, got {str(got)!r}")
    twice = np.flatnonzero(pd.Series(rows).duplicated())
    if len(twice):
        raise UserError(f"{what}: row {rows[twice[0]]} has more than one decision")
    return rows


def _check_classes(decisions: Decisions, data: Dataset, what: str) -> None:
    """A class may be relabelled away as a whole; otherwise ``MIN_ROWS`` of it remain."""
    kept, labels = decisions.apply(data.y)
    before = np.bincount(data.y, minlength=data.n_classes)
    after = np.bincount(labels[kept], minlength=data.n_classes)
    dropped = np.bincount(data.y[decisions.dropped], minlength=data.n_classes)
    merged = (after == 0) & (dropped == 0)
    short = np.flatnonzero((before > 0) & (after < MIN_ROWS) & ~merged)
    if len(short):
        raise UserError(
            f"{what}: {after[short[0]]} of {before[short[0]]} rows of class "
            f"{data.class_names[short[0]]!r} would remain; keep at least {MIN_ROWS}"
        )
    if np.count_nonzero(after) < 2:
        raise UserError(f"{what}: only one class would remain; a training set needs at least 2")


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
