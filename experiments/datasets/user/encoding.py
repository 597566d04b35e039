"""From the columns of a table to float32 features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from common.errors import UserError
from experiments.datasets.user.cells import MOSTLY
from experiments.datasets.user.labels import LARGEST_INTEGER
from experiments.machine import check_memory

MAX_CATEGORIES = 32
"""Of one column; the rarest beyond it share a feature."""

ABSURD = 1000.0
"""A cell further from the median than this many times the median distance of its column from it is
taken as missing: one such cell would make all others equal after standardisation."""

PRECISION = 1e-3
"""A column is centred where rounding to float32 would shift its values by a larger part of their
interquartile range."""

LARGEST, SMALLEST = 1e18, 1e-18
"""Columns outside these magnitudes are divided by a power of ten: squares overflow float32."""


LONGEST_NAME = 100
"""Characters of the name of a feature, which may contain a whole text as a category."""

FEATURE_BYTES = 24
"""Memory for each cell of the encoded table: twice in float64 and twice in float32."""


@dataclass(frozen=True)
class Features:
    """The features of a table.

    Attributes:
        x: float32, (n, d).
        names: one for each feature.
        notes: one sentence for each column whose values were changed.
    """

    x: NDArray[np.float32]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def encoded_features(what: str, frame: pd.DataFrame) -> Features:
    """Encode the columns of a frame.

    - Numbers, booleans, dates and durations (in days), times of day (in hours) and ordered
      categories (by rank) are one feature each; missing cells take the median, and a further
      feature marks them.
    - Text and unordered categories are one feature for each category; missing is a category.

    Args:
        what: names the table in errors.
        frame: columns with distinct names.

    Raises:
        UserError: infinite cells, stray text in a column of numbers, an empty column, cells that
            are neither numbers nor text.
    """
    if frame.columns.empty:
        raise UserError(f"{what} has no columns besides the label")
    columns, notes = {}, []
    for name in frame:
        values, center = _exact_column(frame[name])
        if center:
            notes.append(f"column {name!r} has a large offset: {center} was subtracted")
        values = _column(f"{what}: column {name!r}", values)
        if types.is_float_dtype(values):
            values, told = _without_absurd_cells(values)
            notes += [f"column {name!r} {note}" for note in told]
        columns[str(name)] = values
    numbers = [name for name, values in columns.items() if types.is_float_dtype(values)]
    texts = [name for name in columns if name not in numbers]
    width = len(numbers) + sum(min(MAX_CATEGORIES, columns[name].nunique() + 1) for name in texts)
    check_memory(
        f"{what}: {len(frame)} rows of {width} features, one for each category,",
        FEATURE_BYTES * len(frame) * width,
    )
    transformer = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", add_indicator=True), numbers),
            ("texts", OneHotEncoder(max_categories=MAX_CATEGORIES, sparse_output=False), texts),
        ],
    )
    x = np.asarray(transformer.fit_transform(pd.DataFrame(columns)), np.float64)
    prefixed = map(str, transformer.get_feature_names_out())  # by the name of the part and "__"
    names, _ = distinct(name.partition("__")[2][:LONGEST_NAME] for name in prefixed)
    rounded, told = as_float32(x, [f"column {name!r}" for name in names])
    return Features(rounded, tuple(names), (*notes, *told))


def distinct(names: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Names with a number appended where one occurs again, and those that do.

    >>> distinct(["a", "b", "a"])
    (['a', 'b', 'a.1'], ('a',))
    """
    seen: Counter[str] = Counter()
    found: dict[str, None] = {}
    for name in map(str, names):
        new = name
        while new in found:
            seen[name] += 1
            new = f"{name}.{seen[name]}"
        found[new] = None
    return list(found), tuple(seen)


def numeric_features(what: str, x: NDArray[np.generic]) -> Features:
    """Encode an array of numbers, (n, d), that has no names and no missing cells.

    Raises ``UserError`` for other arrays, and for cells that are not finite.
    """
    if x.dtype.kind not in "biuf" or x.ndim != 2:
        raise UserError(f"{what} must be numbers of shape (n, d), got {x.dtype} of shape {x.shape}")
    if x.shape[1] == 0 or len(x) == 0:
        raise UserError(f"{what} must have rows and columns, got shape {x.shape}")
    names = [f"column {number}" for number in range(x.shape[1])]
    finite = np.isfinite(x)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise UserError(
            f"{what} must be finite, got {x[row, column]} in row {row}, column {column}"
        )
    notes = []
    exact = [_exactly_centred(column) for column in x.T] if _is_long(x.dtype) else []
    if any(center for _, center in exact):
        x = np.column_stack([column for column, _ in exact])
        notes += [
            f"{name} has a large offset: {center} was subtracted"
            for name, (_, center) in zip(names, exact, strict=True)
            if center
        ]
    if x.dtype.itemsize > 1:
        absurd, medians = _absurd(x)
        if absurd.any():
            x = np.where(absurd, medians, x)
            for column in np.flatnonzero(absurd.any(axis=0)):
                count, first = int(absurd[:, column].sum()), int(absurd[:, column].argmax())
                notes.append(
                    f"{names[column]} has {count} cells far outside its range, the first in row "
                    f"{first}: replaced by its median"
                )
    rounded, told = as_float32(x, names)
    return Features(rounded, (), (*notes, *told))


def _is_long(dtype: object) -> bool:
    """Whether the type holds whole numbers that float64 cannot represent."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iu" and dtype.itemsize == 8


def _exactly_centred(values: NDArray[np.generic]) -> tuple[NDArray[np.float64], int]:
    """Whole numbers (n,) as float64, less their median where float64 would round most of them.

    Returns:
        The numbers, and what was subtracted: 0 if nothing.
    """
    center = np.sort(values)[len(values) // 2]
    if abs(int(center)) <= LARGEST_INTEGER:
        return values.astype(np.float64), 0
    words, origin = values.astype(np.uint64), center.astype(np.uint64)  # differences wrap around
    above = (words - origin).astype(np.float64)
    below = (origin - words).astype(np.float64)
    return np.where(values >= center, above, -below), int(center)


def _exact_column(values: pd.Series) -> tuple[pd.Series, int]:
    if not _is_long(values.dtype) or values.empty:
        return values, 0
    centred, center = _exactly_centred(values.to_numpy())
    return (pd.Series(centred), center) if center else (values, 0)


def as_float32(x: NDArray[np.generic], names: list[str]) -> tuple[NDArray[np.float32], list[str]]:
    """Round to float32, after centring and scaling in float64 those columns that need it.

    Args:
        x: finite numbers, (n, d).
        names: of the columns, for the notes.

    Returns:
        The features, and a note on each column that was centred or scaled.
    """
    if x.dtype.itemsize < 4 or x.dtype == np.float32:
        return np.ascontiguousarray(x, np.float32), []
    out = np.empty(x.shape, np.float32)
    notes = []
    for column in range(x.shape[1]):
        values = np.asarray(x[:, column], np.float64)
        center = 0.0
        largest = float(np.abs(values).max())
        with np.errstate(over="ignore"):
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
            spread = high - low or values.std()
        if largest * float(np.finfo(np.float32).eps) / 2 > PRECISION * spread > 0:
            center = float(median)
            values = values - center
            largest = float(np.abs(values).max())
            notes.append(f"{names[column]} has a large offset: {center:.6g} was subtracted")
        if largest > LARGEST or 0 < largest < SMALLEST:
            exponent = int(np.floor(np.log10(largest)))
            values = values / 10.0**exponent
            notes.append(f"{names[column]} was divided by 1e{exponent}")
        out[:, column] = values
    return out, notes


def _without_absurd_cells(values: pd.Series) -> tuple[pd.Series, list[str]]:
    cells = values.to_numpy(np.float64)
    present = np.flatnonzero(~np.isnan(cells))
    absurd, _ = _absurd(cells[present, None])
    if not absurd.any():
        return values, []
    places = present[absurd[:, 0]]
    kept = cells.copy()
    kept[places] = np.nan
    return pd.Series(kept), [
        f"has {len(places)} cells far outside its range, such as {cells[places[0]]:.6g} in row "
        f"{places[0]}: taken as missing"
    ]


def _absurd(x: NDArray[np.generic]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which cells of (n, d) are absurdly far from the median of their column; the medians."""
    medians = (
        np.median(x.astype(np.float64, copy=False), axis=0) if len(x) else np.zeros(x.shape[1])
    )
    absurd = np.zeros(x.shape, dtype=bool)
    for column, median in enumerate(medians):
        with np.errstate(over="ignore"):
            distance = np.abs(x[:, column] - median)
        nonzero = distance[distance > 0]
        if len(nonzero):
            with np.errstate(over="ignore"):
                absurd[:, column] = distance > ABSURD * np.median(nonzero)
    return absurd, medians


def _column(what: str, values: pd.Series) -> pd.Series:
    """The column as float64 with NaN for missing, or as text objects with None for missing."""
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.SparseDtype):
        values = pd.Series(np.asarray(values))
    if values.isna().all():
        raise UserError(f"{what} is empty")
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return values.cat.codes.astype(np.float64).where(values.notna())
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if types.is_datetime64_any_dtype(values):
        return _days(values)
    if types.is_timedelta64_dtype(values):
        return pd.Series(values.dt.total_seconds() / 86400)
    if types.is_complex_dtype(values):
        raise UserError(f"{what} holds complex numbers; split them into real and imaginary part")
    if types.is_numeric_dtype(values):  # booleans too
        return _numbers(what, values)
    return _cells(what, values.astype(object))


def _cells(what: str, values: pd.Series) -> pd.Series:
    present = values.dropna()
    if present.map(lambda cell: hasattr(cell, "year") and hasattr(cell, "month")).all():
        return _days(_all_dates(what, present, _dates(present)).reindex(values.index))
    if are_times(present):
        return present.map(_hours).reindex(values.index)
    odd = present[[not isinstance(cell, str | Real | Decimal | np.bool_) for cell in present]]
    if len(odd):
        raise UserError(
            f"{what} must hold numbers or text, got a {type(odd.iloc[0]).__name__} in row "
            f"{odd.index[0]}"
        )
    numbers = pd.to_numeric(present, errors="coerce")
    stray = present[numbers.isna()]
    if stray.empty:
        return _numbers(what, numbers.reindex(values.index))
    if len(stray) < (1 - MOSTLY) * len(present):
        raise UserError(
            f"{what} holds numbers, but {stray.iloc[0]!r} in row {stray.index[0]} is none "
            f"({len(stray)} such cells); correct them or leave them empty"
        )
    dates = iso_dates(present)
    if dates is not None:
        return _days(_all_dates(what, present, dates).reindex(values.index))
    return present.astype(str).astype(object).reindex(values.index).where(values.notna(), None)


def are_times(present: pd.Series) -> bool:
    """Whether all cells are times of day, as Parquet and Excel files have them."""
    return present.dtype == object and all(isinstance(cell, time) for cell in present)


def _hours(clock: time) -> float:
    return clock.hour + (clock.minute + (clock.second + clock.microsecond / 1e6) / 60) / 60


def iso_dates(present: pd.Series) -> pd.Series | None:
    """The cells as dates in UTC, if nearly all of them are texts in the ISO 8601 format."""
    texts = present.astype(str)
    if texts.str.match(r"\d{4}.{4}").mean() <= MOSTLY:  # what follows is slow
        return None
    dates = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    return dates if dates.notna().mean() > MOSTLY else None


def _dates(present: pd.Series) -> pd.Series:
    """Dates, or NaT for those that are not; with a time zone, which may differ, or without."""
    aware = all(getattr(cell, "tzinfo", None) is not None for cell in present)
    return pd.to_datetime(present, errors="coerce", utc=aware)


def _all_dates(what: str, present: pd.Series, dates: pd.Series) -> pd.Series:
    stray = present[dates.isna()]
    if len(stray):
        raise UserError(
            f"{what} holds dates, but {str(stray.iloc[0])!r} in row {stray.index[0]} is none like "
            f"the others ({len(stray)} such cells); correct them or leave them empty"
        )
    return dates


def _numbers(what: str, values: pd.Series) -> pd.Series:
    numbers = values.astype(np.float64)
    infinite = np.flatnonzero(np.isinf(numbers.to_numpy()))
    if len(infinite):
        row = infinite[0]
        raise UserError(f"{what} must be finite, got {numbers.iloc[row]} in row {row}")
    return numbers


def _days(values: pd.Series) -> pd.Series:
    # in the unit of the column: nanoseconds reach from the year 1677 to 2262 only
    elapsed = values - pd.Timestamp(0, tz=values.dt.tz).as_unit(values.dt.unit)
    return pd.Series(elapsed.to_numpy() / np.timedelta64(1, "D"), index=values.index)
