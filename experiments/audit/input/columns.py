"""Tables to audit: columns that tell nothing or too much are left out, and said to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api import types

from common.dataset import Dataset
from common.errors import UserError, unknown_name
from experiments.datasets.user.encoding import MAX_CATEGORIES, encoded_features
from experiments.datasets.user.labels import DEFAULT_LABEL, encoded_labels
from experiments.datasets.user.tables import UserTable

DISTINCT = 0.95
"""A text column with a larger share of distinct values identifies rows."""
ENOUGH = 20
"""Rows, for a column to be taken for an identifier."""
CONTINUOUS = 0.1
"""A numeric label with more distinct values than this share of the rows is no class."""
FEW_CLASSES = 20


def read_tables(
    source: UserTable, validation: UserTable | None, label: str | None
) -> tuple[Dataset, Dataset | None, list[str]]:
    """The training set, validation data with the same columns, and what was done.

    Both are encoded together, so that a category is the same column in both.
    """
    column = label or DEFAULT_LABEL
    frame = source.frame()
    _check_label(source.name, frame, column)
    left_out, notes = screened(frame.drop(columns=column))
    kept = [name for name in frame if name != column and name not in left_out]
    if not kept:
        raise UserError(f"{source.name}: no column is left to learn from: {'; '.join(notes)}")
    both, other = frame[kept], None
    if validation is not None:
        other = validation.frame()
        lacking = [str(name) for name in (*kept, column) if name not in other]
        if lacking:
            raise UserError(
                f"{validation.name} lacks columns of the training set: {', '.join(lacking)}"
            )
        both = pd.concat([both, other[kept]], ignore_index=True)
    y, classes = encoded_labels(f"{source.name}: label column {column!r}", frame[column])
    x, features = encoded_features(source.name, both)
    rows = len(frame)
    train = Dataset(source.name, "tabular", x[:rows], y, classes, np.arange(rows), features)
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


def screened(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns to leave out, and a sentence on each column that is odd.

    >>> screened(pd.DataFrame({"a": [1, 1], "b": [1.5, 0.5]}))
    (['a'], ["column 'a' is constant: left out"])
    """
    left_out: list[str] = []
    notes: list[str] = []
    for name in map(str, frame):
        reason = _useless(frame[name])
        if reason:
            left_out.append(name)
            notes.append(f"column {name!r} {reason}: left out")
        else:
            notes += [f"column {name!r} {oddity}" for oddity in _oddities(frame[name])]
    return left_out, notes


def _check_label(name: str, frame: pd.DataFrame, label: str) -> None:
    if label not in frame:
        raise unknown_name(f"label column of {name}", label, map(str, frame.columns))
    values = frame[label]
    distinct = values.nunique()
    if (
        types.is_numeric_dtype(values)
        and distinct > FEW_CLASSES
        and distinct > CONTINUOUS * len(values)
    ):
        raise UserError(
            f"{name}: label column {label!r} looks continuous, however classes are wanted: "
            f"{distinct} distinct numbers in {len(values)} rows; name another column, or bin it"
        )


def _useless(values: pd.Series) -> str | None:
    present = values.dropna()
    if present.empty:
        return "is empty"
    if len(present) == len(values) and (present == present.iloc[0]).all():
        return "is constant"
    if len(values) < ENOUGH:
        return None
    if types.is_integer_dtype(values):
        consecutive = present.is_unique and int(present.max()) - int(present.min()) < len(values)
        return "numbers the rows" if consecutive else None
    if _is_text(present) and present.nunique() > DISTINCT * len(present):
        return "identifies the rows"
    return None


def _oddities(values: pd.Series) -> Iterator[str]:
    missing = int(values.isna().sum())
    if missing:
        yield f"lacks {missing} of {len(values)} values: filled, and marked by a column of its own"
    present = values.dropna()
    if _is_dates(present):
        yield "holds dates: taken as days"
    elif _is_text(present) and present.nunique() > MAX_CATEGORIES:
        yield (
            f"has {present.nunique()} categories: the {MAX_CATEGORIES - 1} most common are told "
            "apart"
        )


def _is_text(present: pd.Series) -> bool:
    """Whether these values are neither numbers nor dates, nor texts of such."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        return not present.cat.ordered
    return not (_is_numbers(present) or _is_dates(present))


def _is_numbers(present: pd.Series) -> bool:
    if types.is_datetime64_any_dtype(present):
        return False
    return bool(pd.to_numeric(present, errors="coerce").notna().mean() >= DISTINCT)


def _is_dates(present: pd.Series) -> bool:
    if types.is_datetime64_any_dtype(present):
        return True
    if isinstance(present.dtype, pd.CategoricalDtype) or _is_numbers(present):
        return False
    dates = pd.to_datetime(present.astype(str), errors="coerce", format="ISO8601", utc=True)
    return bool(dates.notna().all())
