"""Audit data from objects in memory: frames, arrays, tensors, images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from numpy.typing import ArrayLike, NDArray
from pandas.api import types
from scipy import sparse
from torch import Tensor

from common.dataset import Dataset
from common.errors import UserError
from experiments.audit.input.columns import check_classes, informative
from experiments.audit.input.data import MIN_ROWS, AuditData, aligned_validation, class_notes
from experiments.audit.input.map_style import is_map_style
from experiments.datasets.user.encoding import distinct, encoded_features, numeric_features
from experiments.datasets.user.labels import encoded_labels
from experiments.datasets.user.tables import series_of

Samples = ArrayLike | pd.DataFrame | Tensor
Labels = Sequence[object] | ArrayLike | pd.Series
Table = pd.DataFrame | NDArray[Any]

Names = tuple[str, str]
"""What samples and labels are called in errors."""
TRAIN: Final = ("data", "labels")
REFERENCE: Final = ("reference[0]", "reference[1]")
NUMBERS: Final = "biuf"


def audit_data(
    x: Samples, y: Labels, reference: tuple[Samples, Labels] | None, names: Names = TRAIN
) -> AuditData:
    """The data of an audit, from samples and labels in memory.

    Args:
        x: samples.
        y: labels.
        reference: samples and labels of the reference set, if there is one.
        names: what ``x`` and ``y`` are called in errors.

    Raises:
        UserError: the data cannot be audited; it names the argument.
    """
    table, labels = _pair(names, x, y)
    if len(table) < MIN_ROWS:  # in fewer, columns are constant by chance
        raise UserError(f"{names[0]}: an audit needs at least {MIN_ROWS} rows, got {len(table)}")
    if reference is None:
        train, notes = _datasets(names, table, labels)
        return AuditData(train, notes=(*notes, *class_notes(train)))
    if not isinstance(reference, Sequence) or isinstance(reference, str) or len(reference) != 2:
        raise UserError(
            f"reference must be a pair ({', '.join(names)}), got {type(reference).__name__}"
        )
    other, other_labels = _pair(REFERENCE, *reference)
    train, clean, notes = _datasets_with_reference(names, table, labels, other, other_labels)
    aligned = aligned_validation(train, clean)
    clean = replace(aligned.data, feature_names=train.feature_names)
    notes = [*notes, *aligned.notes, *class_notes(train)]
    return AuditData(train, clean, (), aligned.copies, tuple(notes))


def _pair(names: Names, x: Samples, y: Labels) -> tuple[Table, pd.Series]:
    """Samples and labels of the same length."""
    x_name, y_name = names
    table, labels = _table(x_name, x), _labels(y_name, y)
    check_classes(y_name, labels)
    if len(table) != len(labels):
        raise UserError(
            f"{x_name} and {y_name} must have the same length, got {len(table)} and {len(labels)}"
        )
    if not len(table):
        raise UserError(f"{x_name} has no rows")
    if isinstance(x, pd.DataFrame | pd.Series) and isinstance(y, pd.DataFrame | pd.Series):
        _check_same_order(x_name, x.index, y_name, y.index)
    return table, labels


def _check_same_order(x_name: str, x: pd.Index, y_name: str, y: pd.Index) -> None:
    comparable = x.is_unique and x.nlevels == y.nlevels
    if comparable and not x.equals(y) and x.isin(y).all():
        raise UserError(
            f"{x_name} and {y_name} have the same index in different orders; pass "
            f"{y_name}.loc[{x_name}.index]"
        )


def with_frames(data: Any) -> Any:
    """The data, or pair, with tables of Arrow, polars and the like (what offers its columns by the
    Arrow PyCapsule interface) as frames."""
    if isinstance(data, tuple) and len(data) == 2:
        return (with_frames(data[0]), data[1])
    offers = hasattr(data, "__arrow_c_stream__") or isinstance(data, pa.RecordBatch)
    if not offers or isinstance(data, pd.DataFrame | pd.Series) or is_map_style(data):
        return data
    table = pa.table(data)
    names, _ = distinct(table.column_names)
    return pd.DataFrame(
        {name: _from_arrow(name, column) for name, column in zip(names, table.columns, strict=True)}
    )


def _from_arrow(name: str, column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_nested(column.type):
        raise UserError(f"column {name!r} must hold numbers or text, got {column.type}")
    try:
        return series_of(column)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"column {name!r} cannot be read: {reason}") from error


def _table(name: str, x: Any) -> Table:
    """Samples as a frame with distinct text names, or as an array of numbers (n, ...)."""
    if isinstance(x, pd.Series):
        x = x.to_frame()
    if isinstance(x, pd.DataFrame):
        return _named(x)
    array = as_array(name, x)
    if not array.ndim:
        raise UserError(f"{name} must hold samples (n, ...), got {type(x).__name__}")
    if array.dtype.kind in NUMBERS:
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.ndim != 2 or array.dtype.kind == "c":
        raise UserError(f"{name} must hold numbers, got {array.dtype} of shape {array.shape}")
    return _named(pd.DataFrame(array).infer_objects())


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text names, repeated ones numbered as pandas does when it reads a file."""
    names, seen = [], Counter[str]()
    for column in frame.columns:
        name = ".".join(map(str, column)) if isinstance(column, tuple) else str(column)
        names.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    named = frame.set_axis(names, axis=1).reset_index(drop=True)
    for name in names:
        if isinstance(named[name].dtype, pd.ArrowDtype):
            named[name] = _from_arrow(name, pa.chunked_array(pa.array(named[name])))
    return named


def as_array(name: str, x: Any) -> NDArray[Any]:
    """What a caller passes as one array; ``UserError`` if it has no such form."""
    if sparse.issparse(x):
        x = x.toarray()
    if np.ma.is_masked(x):
        raise UserError(f"{name} has masked cells; fill them or leave their rows out")
    try:
        return np.asarray(_strided(x) if isinstance(x, Tensor) else x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{name} cannot be turned into one array: {error}") from error


def _strided(x: Tensor) -> Tensor:
    """The tensor in a form that NumPy takes."""
    x = x.detach().cpu()
    x = x.dequantize() if x.is_quantized else x
    x = x if x.layout is torch.strided else x.to_dense()
    return x.float() if x.is_floating_point() and x.element_size() < 4 else x.resolve_conj()


def _labels(name: str, y: Any) -> pd.Series:
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise UserError(f"{name} must be one column, got {y.shape[1]}")
        y = y.iloc[:, 0]
    if isinstance(y, pd.Series):
        if isinstance(y.dtype, pd.ArrowDtype):
            return _from_arrow(name, pa.chunked_array(pa.array(y)))
        nested = y.map(types.is_list_like) if y.dtype == object else pd.Series(dtype=bool)
        if nested.any():
            raise UserError(
                f"{name} must be one label for each row, got {type(y[nested].iloc[0]).__name__}; "
                "of one-hot labels pass the number of the class"
            )
        return y.reset_index(drop=True)
    array = as_array(name, y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = f"; of one-hot labels pass {name}.argmax(axis=1)" if array.ndim else ""
        raise UserError(
            f"{name} must be one label for each row, got {type(y).__name__} of shape "
            f"{array.shape}{hint}"
        )
    return pd.Series(array.astype(array.dtype.newbyteorder("="), copy=False))


def _datasets(names: Names, table: Table, y: pd.Series) -> tuple[Dataset, list[str]]:
    if not isinstance(table, pd.DataFrame):
        train = _array_dataset(names, table, y)
        return train, list(train.notes)
    kept, notes = informative(names[0], table, pd.factorize(y)[0])
    features = encoded_features(names[0], kept)
    return _tabular(names, features.x, features.names, y), [*notes, *features.notes]


def _datasets_with_reference(
    given: Names, table: Table, y: pd.Series, other: Table, other_y: pd.Series
) -> tuple[Dataset, Dataset, list[str]]:
    """Both sets; frames are encoded together, so that a category is the same feature in both."""
    if isinstance(table, np.ndarray) and isinstance(other, np.ndarray):
        if table.ndim == 2 and other.ndim == 2 and table.shape[1] == other.shape[1]:
            both = numeric_features(given[0], np.concatenate([table, other]))
            names = _numbered(table)
            train = _tabular(given, both.x[: len(table)], names, y)
            reference = _tabular(REFERENCE, both.x[len(table) :], names, other_y)
            return train, reference, list(both.notes)
        train = _array_dataset(given, table, y)
        return train, _array_dataset(REFERENCE, other, other_y), []
    if not isinstance(table, pd.DataFrame) or not isinstance(other, pd.DataFrame):
        raise UserError(
            f"{REFERENCE[0]} must be of the same form as {given[0]}, got {_form(other)} and "
            f"{_form(table)}"
        )
    kept, notes = informative(given[0], table, pd.factorize(y)[0])
    lacking = [str(name) for name in kept if name not in other]
    if lacking:
        raise UserError(f"{REFERENCE[0]} lacks columns of {given[0]}: {', '.join(lacking)}")
    frames = pd.concat([kept, other[list(kept)]], ignore_index=True)
    features = encoded_features(given[0], frames)
    train = _tabular(given, features.x[: len(table)], features.names, y)
    reference = _tabular(REFERENCE, features.x[len(table) :], features.names, other_y)
    return train, reference, [*notes, *features.notes]


def _numbered(array: NDArray[Any]) -> tuple[str, ...]:
    return tuple(f"x{number}" for number in range(array.shape[1]))


def _form(table: Table) -> str:
    if isinstance(table, pd.DataFrame):
        return "a table with named columns"
    return f"{table.dtype} of shape {table.shape}"


def _array_dataset(given: Names, array: NDArray[Any], y: pd.Series) -> Dataset:
    name, y_name = given
    if array.ndim == 2:
        features = numeric_features(name, array)
        return replace(_tabular(given, features.x, _numbered(array), y), notes=features.notes)
    images = array[..., None] if array.ndim == 3 else array
    integers = array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not integers:
        raise UserError(
            f"{name} must be a table (n, d) or images (n, height, width[, 1 or 3]) of integers "
            f"from 0 to 255, got {_form(array)}"
        )
    labels, classes = encoded_labels(y_name, y)
    return Dataset(name, "image", images.astype(np.uint8), labels, classes, np.arange(len(labels)))


def _tabular(
    given: Names, x: NDArray[np.float32], features: tuple[str, ...], y: pd.Series
) -> Dataset:
    name, y_name = given
    labels, classes = encoded_labels(y_name, y)
    return Dataset(name, "tabular", x, labels, classes, np.arange(len(labels)), features)
