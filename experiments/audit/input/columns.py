"""Tables to audit: columns that carry no information, or the label, are left out with a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from common.dataset import Dataset
from common.errors import UserError, unknown_name
from experiments.audit.input.notes import condensed
from experiments.datasets.user.encoding import (
    MAX_CATEGORIES,
    are_times,
    encoded_features,
    iso_dates,
)
from experiments.datasets.user.image_list import FILE_COLUMNS
from experiments.datasets.user.labels import DEFAULT_LABEL, encoded_labels
from experiments.datasets.user.tables import ROW_NUMBERS, Table, UserTable

DISTINCT = 0.95
"""A text column with a larger share of distinct values identifies rows."""
ENOUGH = 20
"""Rows, for a column to be taken as an identifier or as a copy of the label."""
DENSE = 1 / 3
"""Distinct whole numbers that fill at least this share of their range number the rows."""
CONTINUOUS = 0.1
"""A numeric label with more distinct values than this share of the rows is not a class."""
FEW_CLASSES = 20
_UNREAD = {
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.*": (
        "looks like dates, but whether the day or the month comes first is unclear (write "
        "YYYY-MM-DD to use them as dates)"
    ),
    r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?": (
        "looks like times of day (write hours as numbers to use them as such)"
    ),
    r"\W*(\d{1,3}([.,'\s]\d{3})+|\d+)([.,]\d+)?\W*": (
        "looks like numbers in a form that is not read (write 1234.5 to use them as numbers)"
    ),
}
"""What texts look like, by the pattern that all of them match."""

Labels = NDArray[np.int64]


def read_tables(
    name: str,
    table: Table,
    validation: UserTable | None,
    label: str | None,
    left_aside: str | None = None,
) -> tuple[Dataset, Dataset | None, list[str]]:
    """The training set, validation data with the same columns, and what was done.

    Both are encoded together, so that a category is the same column in both. ``name`` and ``table``
    are those of the training set; the column ``left_aside`` is no feature.
    """
    column = label or DEFAULT_LABEL
    frame = table.frame
    if column not in frame:
        raise unknown_name(f"label column of {name}", column, map(str, frame.columns))
    check_classes(f"{name}: label column {column!r}", frame[column])
    table.check_label(name, column)
    y, classes = encoded_labels(f"{name}: label column {column!r}", frame[column])
    features_of = frame.drop(columns=[column] if left_aside is None else [column, left_aside])
    both, notes = informative(name, features_of, y)
    kept, other = list(both), None
    if validation is not None:
        other = validation.table().frame
        lacking = [str(wanted) for wanted in (*kept, column) if wanted not in other]
        if lacking:
            raise UserError(
                f"{validation.name} lacks columns of the training set: {', '.join(lacking)}"
            )
        both = pd.concat([both, other[kept]], ignore_index=True)
    features = encoded_features(name, both)
    notes = [*table.notes, *notes, *features.notes]
    rows, x = len(frame), features.x
    train = Dataset(name, "tabular", x[:rows], y, classes, np.arange(rows), features.names)
    if validation is None or other is None:
        return train, None, notes
    what = f"{validation.name}: label column {column!r}"
    y_other, other_classes = encoded_labels(what, other[column])
    return (
        train,
        replace(
            train,
            name=validation.name,
            x=x[rows:],
            y=y_other,
            class_names=other_classes,
            source_index=np.arange(len(other)),
        ),
        notes,
    )


def informative(what: str, frame: pd.DataFrame, labels: Labels) -> tuple[pd.DataFrame, list[str]]:
    """The columns of a frame to learn from, and the notes of :func:`screened`.

    Args:
        what: names the table in errors.
        frame: n rows, with text names that are distinct.
        labels: class numbers, (n,).

    Raises:
        UserError: no column is left.
    """
    if frame.columns.empty:
        raise UserError(f"{what} has no columns besides the label")
    left_out, notes = screened(frame, labels)
    kept = frame.drop(columns=left_out)
    if kept.columns.empty:
        lists = [name for name in map(str, frame) if name.lower() in FILE_COLUMNS]
        hint = "".join(f"; a list of images names image files in {name!r}" for name in lists[:1])
        raise UserError(
            f"{what}: no column is left to learn from: {'; '.join(condensed(notes))}{hint}"
        )
    return kept, notes


def screened(frame: pd.DataFrame, labels: Labels | None = None) -> tuple[list[str], list[str]]:
    """Columns to leave out, and a sentence on each column that is unusual.

    Args:
        frame: n rows.
        labels: class numbers, (n,), to find columns that give the label away.

    >>> screened(pd.DataFrame({"a": [1, 1], "b": [1.5, 0.5]}))
    (['a'], ["column 'a' is constant: left out"])
    """
    left_out: list[str] = []
    notes: list[str] = []
    # copies of rows say nothing new about a column: any column that is distinct in the originals
    # would give the label of all copies
    first = _first_of_equal_rows(frame, labels)
    for name, values in frame.reset_index(drop=True).items():
        _check_cells(str(name), values)
        try:
            column = _Column.of(values)
            reason = _useless(str(name), column) or _copy_of_label(column, labels)
            oddities = [] if reason else list(_oddities(column, labels, first))
        except TypeError as error:  # cells that have no order or equality, such as lists
            raise UserError(f"column {name!r} must hold numbers or text") from error
        if reason:
            left_out.append(str(name))
            notes.append(f"column {name!r} {reason}: left out")
        else:
            notes += [f"column {name!r} {oddity}" for oddity in oddities]
    return left_out, notes


@dataclass(frozen=True)
class _Column:
    """A column of n cells.

    Attributes:
        values: the cells.
        present: those that are not missing; ``values`` itself if none is.
        codes: of equal cells the same number, (n,); -1 where they are missing.
        distinct: how many values there are besides missing.
    """

    values: pd.Series
    present: pd.Series
    codes: NDArray[np.int64]
    distinct: int

    @classmethod
    def of(cls, values: pd.Series) -> _Column:
        codes, distinct = pd.factorize(values)
        missing = codes < 0
        return cls(values, values[~missing] if missing.any() else values, codes, len(distinct))

    @property
    def missing(self) -> int:
        """How many cells are missing."""
        return len(self.values) - len(self.present)

    @cached_property
    def is_text(self) -> bool:
        """Whether it holds neither numbers nor dates, nor texts of such."""
        return _is_text(self.present)


def _first_of_equal_rows(frame: pd.DataFrame, labels: Labels | None) -> NDArray[np.bool_]:
    """Which rows, with their labels, do not occur before, (n,)."""
    try:
        again = frame.assign(**{"": labels}).duplicated()
    except TypeError:  # cells that cannot be compared, which are refused later
        return np.ones(len(frame), dtype=bool)
    return ~again.to_numpy()


def _check_cells(name: str, values: pd.Series) -> None:
    if values.dtype != object:
        return
    nested = np.flatnonzero(values.map(types.is_list_like))
    if len(nested):
        raise UserError(
            f"column {name!r} must hold numbers or text, got a "
            f"{type(values.iloc[nested[0]]).__name__} in row {nested[0]}"
        )


def check_classes(what: str, values: pd.Series) -> None:
    """Raise ``UserError`` if these labels look like a continuous quantity."""
    distinct = values.nunique()
    if (
        types.is_numeric_dtype(values)
        and distinct > FEW_CLASSES
        and distinct > CONTINUOUS * len(values)
    ):
        raise UserError(
            f"{what} looks continuous, got {distinct} distinct numbers in {len(values)} rows; name "
            "other labels, or bin them into classes"
        )


def _useless(name: str, column: _Column) -> str | None:
    if column.present.empty:
        return "is empty"
    if not column.missing and column.distinct == 1:
        return "is constant"
    if len(column.values) < ENOUGH:
        return None
    if types.is_integer_dtype(column.values) and column.distinct == len(column.present):
        extent = int(column.present.max()) - int(column.present.min()) + 1
        dense = len(column.values) >= DENSE * extent
        return "numbers the rows" if dense or name == ROW_NUMBERS else None
    if column.distinct > DISTINCT * len(column.present) and column.is_text:
        return _unread(column.present) or "identifies the rows"
    return None


def _copy_of_label(column: _Column, labels: Labels | None) -> str | None:
    """Whether each value stands for one class and each class has one value."""
    if labels is None or len(labels) < ENOUGH:
        return None
    classes = len(np.unique(labels))
    values = column.distinct + bool(column.missing)  # missing is a value, too
    one_to_one = values == classes and _pairs(column.codes, labels) == classes
    return "repeats the label" if one_to_one else None


def _pairs(codes: Labels, labels: Labels) -> int:
    """How many pairs of a code and a label occur, (n,) each."""
    return len(np.unique(codes * (labels.max() + 2) + labels))  # a missing label is -1


def _oddities(column: _Column, labels: Labels | None, first: NDArray[np.bool_]) -> Iterator[str]:
    if column.missing:
        yield (
            f"lacks {column.missing} of {len(column.values)} values: filled, and marked by "
            "another column"
        )
    enough = np.count_nonzero(first) >= ENOUGH
    if labels is not None and enough and _determines(column, labels, first):
        yield (
            "gives the label of every row by itself: drop it if it was made from the label or from "
            "the order of the rows"
        )
    if _is_dates(column.present):
        yield "holds dates: taken as days"
    elif column.is_text:
        if column.distinct > MAX_CATEGORIES:
            yield (
                f"has {column.distinct} categories: the {MAX_CATEGORIES - 1} most common are "
                "kept apart"
            )
        if unread := _unread(column.present):
            yield f"{unread}: taken as categories"


def _unread(present: pd.Series) -> str | None:
    """What these texts look like, if they are not taken as that."""
    texts = present.astype(str).str.strip()
    return next((what for form, what in _UNREAD.items() if texts.str.fullmatch(form).all()), None)


def _determines(column: _Column, labels: Labels, rows: NDArray[np.bool_]) -> bool:
    """Whether in these rows the label follows from this column: from its values or, for numbers,
    their order."""
    codes, y = column.codes[rows], labels[rows]
    distinct = len(np.unique(codes))
    if distinct <= len(y) / ENOUGH:
        return _pairs(codes, y) == distinct
    if distinct < len(y) / 2 or column.is_text:
        return False
    runs = 1 + int(np.count_nonzero(np.diff(y[_order(column.values[rows])])))
    return runs == len(np.unique(y))


def _order(values: pd.Series) -> NDArray[np.int64]:
    """Places of the values in ascending order, missing ones last."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf":
        return np.argsort(values.to_numpy(), kind="stable")
    return values.reset_index(drop=True).sort_values(kind="stable").index.to_numpy()


def _is_text(present: pd.Series) -> bool:
    """Whether these values are neither numbers nor dates, nor texts of such."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        return not present.cat.ordered
    return not (_is_numbers(present) or _is_dates(present))


def _is_numbers(present: pd.Series) -> bool:
    if types.is_numeric_dtype(present):
        return True
    if types.is_timedelta64_dtype(present) or are_times(present):
        return True
    if types.is_datetime64_any_dtype(present):
        return False
    return bool(pd.to_numeric(present, errors="coerce").notna().mean() >= DISTINCT)


def _is_dates(present: pd.Series) -> bool:
    if types.is_datetime64_any_dtype(present) or isinstance(present.dtype, pd.PeriodDtype):
        return True
    if isinstance(present.dtype, pd.CategoricalDtype) or _is_numbers(present):
        return False
    return iso_dates(present) is not None
