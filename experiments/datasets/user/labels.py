"""Label columns as class numbers, and marks of known glitches as booleans."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from common.errors import UserError, unknown_name

DEFAULT_LABEL = "label"
MAX_LISTED = 5
LARGEST_INTEGER = 2**53
"""Floats up to here represent every integer exactly."""


@dataclass(frozen=True)
class LabelledFrame:
    """A frame by the roles of its columns.

    Attributes:
        labels, class_names: of the label column, as :func:`encoded_labels` returns them.
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
    """Split a frame by the roles of its columns.

    Args:
        name: of the data, for errors.
        frame: n rows.
        label: the label column; default ``label``.
        glitch: the column that marks known glitches, if there is one.

    Raises:
        UserError: no such column, or values that are not labels or marks.
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
        UserError: missing or fractional values, fewer than two classes, a class with one row.

    >>> encoded_labels("a label", pd.Series(["no", "yes", "yes", "no"]))
    (array([0, 1, 1, 0]), ('no', 'yes'))
    """
    if values.empty:
        raise UserError(f"{what} has no rows")
    if values.dtype.kind == "V":
        raise UserError(f"{what} must be text or whole numbers, got raw bytes")
    missing = values.isna().to_numpy(bool)
    if missing.any():
        raise UserError(
            f"{what} has no value in row {int(missing.argmax())} ({int(missing.sum())} in total); "
            "add a label or leave the row out"
        )
    codes, classes = pd.factorize(_classes(what, values), sort=True)
    names = tuple(map(str, classes))
    if len(names) < 2:
        raise UserError(f"{what} must have at least 2 classes, got only {listed(names)}")
    single = [name for name, count in zip(names, np.bincount(codes), strict=True) if count == 1]
    if single:
        raise UserError(
            f"{what} must have at least 2 rows of each class, got 1 of {listed(single)}; leave "
            "such rows out or merge classes"
        )
    return codes.astype(np.int64), names


def _classes(what: str, values: pd.Series) -> pd.Series:
    """The values in a form that sorts and prints as classes should."""
    if types.is_complex_dtype(values):
        raise UserError(f"{what} must be text or whole numbers, got complex numbers")
    if types.is_float_dtype(values):
        floats = values.astype(np.float64)
        fractional = floats[~np.isfinite(floats) | (floats % 1 != 0)]
        if len(fractional):
            raise UserError(
                f"{what} looks continuous, got {fractional.iloc[0]} in row {fractional.index[0]}; "
                "classes must be text or whole numbers"
            )
        return floats.astype(np.int64) if floats.abs().max() <= LARGEST_INTEGER else floats
    if types.is_numeric_dtype(values):
        return values
    if values.dtype != object and values.dtype.kind != "S":
        return values.astype(str)
    try:
        return values.astype(object).map(lambda v: v.decode() if isinstance(v, bytes) else str(v))
    except UnicodeDecodeError as error:
        raise UserError(f"{what} is not UTF-8 text: got {error.object!r}") from error


def name_notes(names: Sequence[str]) -> list[str]:
    """Notes on classes whose names hardly differ, or contain what is not seen.

    >>> name_notes(["Red", "red", "blue"])
    ["classes 'Red', 'red' differ only in spaces, letter case or Unicode form: kept apart"]
    >>> name_notes([" yes", "no"])
    ["classes ' yes' begin or end with a space, which is part of the name"]
    """
    notes = []
    groups = defaultdict(list)
    for name in names:
        groups[plain_name(name)].append(name)
    alike = [listed(group) for group in groups.values() if len(group) > 1]
    if alike:
        more = f" and {len(alike) - 1} more such groups" if len(alike) > 1 else ""
        notes.append(
            f"classes {alike[0]}{more} differ only in spaces, letter case or Unicode form: kept "
            "apart"
        )
    padded = [name for name in names if name != name.strip()]
    if padded:
        notes.append(
            f"classes {listed(padded)} begin or end with a space, which is part of the name"
        )
    unseen = [name for name in names if any(map(_is_unseen, name))]
    if unseen:
        notes.append(f"classes {listed(unseen)} contain characters that are not shown")
    return notes


def plain_name(name: str) -> str:
    """The name without what hardly shows: spaces at the ends, letter case, Unicode form.

    >>> plain_name(" Red\\u200b")
    'red'
    """
    seen = "".join(letter for letter in name if not _is_unseen(letter))
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def _is_unseen(letter: str) -> bool:
    """Whether this is a control or format character; the joiner is part of emoji."""
    return unicodedata.category(letter) in {"Cc", "Cf"} and letter != "\N{ZERO WIDTH JOINER}"


def encoded_marks(what: str, values: pd.Series) -> NDArray[np.bool_]:
    """Marks of known glitches: true or false, 1 or 0.

    >>> encoded_marks("marks", pd.Series([0, 1]))
    array([False,  True])
    """
    wrong = values[~values.isin([True, False])]
    if len(wrong):
        raise UserError(
            f"{what} must be true or false, or 1 or 0, got {str(wrong.iloc[0])!r} in row "
            f"{wrong.index[0]}"
        )
    return values.astype(bool).to_numpy()


def listed(names: Sequence[str]) -> str:
    """The first few names, quoted and shortened, and how many more there are.

    >>> listed(list("abcdefg"))
    "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    shown = ", ".join(
        repr(name if len(name) <= 40 else f"{name[:37]}...") for name in names[:MAX_LISTED]
    )
    return shown + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")
