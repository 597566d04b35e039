"""From the values of a label column to class numbers, and from marks to booleans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import UserError, unknown_name

DEFAULT_LABEL = "label"
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class LabelledFrame:
    """A frame by the roles of its columns.

    Attributes:
        labels, class_names: of the label column, as :func:`encoded_labels` has them.
        known_glitch: marks of known glitches, (n,), if a column has them.
        rest: the other columns.
    """

    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    known_glitch: NDArray[np.bool_] | None
    rest: pd.DataFrame


def labelled_frame(
    name: str, frame: pd.DataFrame, label: str | None, glitch: str | None
) -> LabelledFrame:
    """The frame by its roles.

    Args:
        name: of the data, in errors.
        frame: n rows.
        label: the label column; default ``label``.
        glitch: the column that marks known glitches, if there is one.

    Raises:
        UserError: no such column, or values that are no labels or marks.
    """
    label = label or DEFAULT_LABEL
    roles = {"label column": label}
    if glitch is not None:
        roles["column of known glitches"] = glitch
    for role, column in roles.items():
        if column not in frame:
            raise unknown_name(f"{role} of {name}", column, map(str, frame.columns))
    labels, classes = encoded_labels(f"{name}: label column {label!r}", frame[label])
    marks = None
    if glitch is not None:
        marks = encoded_marks(f"{name}: column {glitch!r}", frame[glitch])
    return LabelledFrame(labels, classes, marks, frame.drop(columns=[*roles.values()]))


def encoded_labels(what: str, values: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers in the order of the sorted values, and the values as class names.

    Args:
        what: names the column in errors.

    Raises:
        UserError: missing or fractional values, one class only, a class with one row.

    >>> encoded_labels("a label", pd.Series(["no", "yes", "yes", "no"]))
    (array([0, 1, 1, 0]), ('no', 'yes'))
    """
    if values.isna().any():
        raise UserError(
            f"{what} has no value in row {int(values.isna().to_numpy().argmax())} "
            f"({int(values.isna().sum())} in all); give it one or leave the row out"
        )
    if pd.api.types.is_float_dtype(values):
        fractional = values[values % 1 != 0]
        if len(fractional):
            raise UserError(
                f"{what} looks continuous, however classes are wanted: {fractional.iloc[0]} in "
                f"row {fractional.index[0]}"
            )
        values = values.astype(np.int64)
    numbers = pd.api.types.is_numeric_dtype(values)
    codes, classes = pd.factorize(values if numbers else values.astype(str), sort=True)
    names = tuple(map(str, classes))
    if len(names) < 2:
        raise UserError(f"{what} must have at least 2 classes, however all rows are {names[0]!r}")
    single = [name for name, count in zip(names, np.bincount(codes), strict=True) if count == 1]
    if single:
        listed = ", ".join(map(repr, single[:NAMED_AT_MOST]))
        rest = f" and {len(single) - NAMED_AT_MOST} more" if len(single) > NAMED_AT_MOST else ""
        raise UserError(
            f"{what} needs at least 2 rows of each class, however one of: {listed}{rest}; leave "
            "such rows out or join classes"
        )
    return codes.astype(np.int64), names


def encoded_marks(what: str, values: pd.Series) -> NDArray[np.bool_]:
    """Marks of known glitches: true or false, 1 or 0.

    >>> encoded_marks("marks", pd.Series([0, 1]))
    array([False,  True])
    """
    odd = values[~values.isin([True, False])]
    if len(odd):
        raise UserError(
            f"{what} must be true or false, or 1 or 0, however: {odd.iloc[0]!r} in row "
            f"{odd.index[0]}"
        )
    return values.astype(bool).to_numpy()
