"""From the columns of a table to features."""

from __future__ import annotations

from numbers import Number

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from common.errors import UserError

MAX_CATEGORIES = 32
"""Of one column; the rarest beyond it share a feature."""

MOSTLY = 0.9
"""A text column with a larger share of numbers is a column of numbers with stray cells."""

LARGEST = float(np.finfo(np.float32).max)


def encoded_features(what: str, frame: pd.DataFrame) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Features of shape (n, d) and their names.

    - Numbers, booleans, dates (in days) and ordered categories (by rank) are one feature each;
      missing cells take the median, and a further feature says where they were.
    - Text and unordered categories are one feature a category; missing is a category of its own.

    Args:
        what: names the table in errors.

    Raises:
        UserError: infinite cells, stray text in a column of numbers, an empty column, cells that
            are neither numbers nor text.
    """
    if frame.columns.empty:
        raise UserError(f"{what} has no columns beside the label")
    columns = {str(name): _column(f"{what}: column {name!r}", frame[name]) for name in frame}
    numbers = [name for name, values in columns.items() if types.is_float_dtype(values)]
    texts = [name for name in columns if name not in numbers]
    transformer = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", add_indicator=True), numbers),
            ("texts", OneHotEncoder(max_categories=MAX_CATEGORIES, sparse_output=False), texts),
        ],
        verbose_feature_names_out=False,
    )
    x = transformer.fit_transform(pd.DataFrame(columns))
    return np.asarray(x, np.float32), tuple(transformer.get_feature_names_out())


def _column(what: str, values: pd.Series) -> pd.Series:
    """The column as float64 with NaN for missing, or as text objects with None for missing."""
    if values.isna().all():
        raise UserError(f"{what} is empty")
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return values.cat.codes.astype(np.float64).where(values.notna())
    if types.is_datetime64_any_dtype(values):
        return _days(values)
    if types.is_numeric_dtype(values):  # booleans too
        return _numbers(what, values)
    return _cells(what, values.astype(object))


def _cells(what: str, values: pd.Series) -> pd.Series:
    present = values.dropna()
    odd = present[[not isinstance(cell, str | Number) for cell in present]]
    if len(odd):
        raise UserError(
            f"{what} must hold numbers or text, however row {odd.index[0]} holds a "
            f"{type(odd.iloc[0]).__name__}"
        )
    numbers = pd.to_numeric(present, errors="coerce")
    stray = present[numbers.isna()]
    if stray.empty:
        return _numbers(what, numbers.reindex(values.index))
    if len(stray) < (1 - MOSTLY) * len(present):
        raise UserError(
            f"{what} holds numbers, however: {stray.iloc[0]!r} in row {stray.index[0]} "
            f"({len(stray)} such cells)"
        )
    dates = pd.to_datetime(present.astype(str), errors="coerce", format="ISO8601", utc=True)
    if dates.notna().all():
        return _days(dates.reindex(values.index))
    return present.astype(str).astype(object).reindex(values.index).where(values.notna(), None)


def _numbers(what: str, values: pd.Series) -> pd.Series:
    numbers = values.astype(np.float64)
    infinite = numbers[numbers.abs() > LARGEST]
    if len(infinite):
        raise UserError(
            f"{what} must be finite, however: {infinite.iloc[0]} in row {infinite.index[0]}"
        )
    return numbers


def _days(values: pd.Series) -> pd.Series:
    return (values - pd.Timestamp(0, tz=values.dt.tz)) / pd.Timedelta(days=1)
