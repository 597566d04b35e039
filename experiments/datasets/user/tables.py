"""CSV and Parquet files with a label column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.cells import typed
from experiments.datasets.user.delimited_text import (
    CELL_BYTES,
    DelimitedText,
    is_delimited,
    read_delimited,
)
from experiments.datasets.user.encoding import distinct, encoded_features
from experiments.datasets.user.labels import DEFAULT_LABEL, labelled_frame, listed
from experiments.datasets.user.own_data import OwnData
from experiments.machine import check_memory

PARQUET = (".parquet", ".pq")
ROW_NUMBERS = "Unnamed: 0"
"""The column in which pandas writes the numbers of the rows, without a name."""


@dataclass(frozen=True)
class Table:
    """The rows of one or more files, as they stand there.

    Attributes:
        frame: typed columns with distinct names, rows numbered from 0.
        notes: one sentence for each thing that reading changed.
        repeated: names that the header has more than once.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    def check_label(self, name: str, label: str) -> None:
        """Raise ``UserError`` if the header has this label more than once."""
        if label in self.repeated:
            raise UserError(
                f"{name} has more than one column {label!r}; rename or drop all but one"
            )


@dataclass(frozen=True)
class UserTable(OwnData):
    """Rows of one file, or of the files of a folder one after the other.

    The label column is ``label`` unless another is named; so may be one with marks of known
    glitches. All other columns are features.

    Attributes:
        files: one file, or those of a folder.
        read: the rows of all files, if they have been read already.
    """

    files: tuple[Path, ...]
    read: Table | None = field(default=None, compare=False, repr=False)
    modality: ClassVar[Modality] = "tabular"

    def load(self, options: DataOptions) -> Dataset:
        """The table; position is the row, counted from 0 over all files."""
        return dataset_of(self.name, self.table(), options.label, options.glitch)

    def table(self) -> Table:
        """The rows of all files."""
        return _joined(self.files) if self.read is None else self.read


def dataset_of(name: str, table: Table, label: str | None, glitch: str | None) -> Dataset:
    """The dataset of a table; label and glitch as :func:`labelled_frame` takes them."""
    table.check_label(name, label or DEFAULT_LABEL)
    found = labelled_frame(name, table.frame, label, glitch)
    features = encoded_features(name, found.rest)
    return Dataset(
        name=name,
        modality="tabular",
        x=features.x,
        y=found.labels,
        class_names=found.class_names,
        source_index=np.arange(len(features.x)),
        feature_names=features.names,
        known_glitch=found.known_glitch,
        notes=(*table.notes, *features.notes),
    )


def is_table(path: Path) -> bool:
    """Whether the name of the file says that it is a table."""
    return is_delimited(path) or path.suffix.lower() in PARQUET


def table_files(folder: Path) -> list[Path]:
    """The tables directly in a folder, by name."""
    return sorted(
        file
        for file in folder.iterdir()
        if is_table(file) and not file.name.startswith((".", "_")) and file.is_file()
    )


def read_table(path: Path) -> Table:
    """Read a delimited text file or a Parquet file.

    Raises ``UserError`` if it cannot be read.
    """
    table = _parquet(path) if path.suffix.lower() in PARQUET else _delimited(path)
    if table.frame.empty:
        raise UserError(f"{path} has no rows")
    first = table.frame.iloc[:, 0]
    if first.name == ROW_NUMBERS and first.equals(pd.Series(range(len(first)))):
        return replace(table, frame=table.frame.iloc[:, 1:])
    return table


def _delimited(path: Path) -> Table:
    text = read_delimited(path)
    names, repeated = distinct(text.names)
    notes = [*_notes(repeated), *_line_breaks(text, names)]
    if text.separator not in {",", "\t"}:
        notes.append(f"{path.name} is separated by {text.separator!r}")
    columns, comma = {}, []
    for name, cells in zip(names, text.cells, strict=True):
        columns[name], decimal_comma = typed(cells, text.separator)
        comma += [name] if decimal_comma else []
    if comma:
        notes.append(f"the numbers of {listed(comma)} have decimal commas")
    return Table(pd.DataFrame(columns), tuple(notes), repeated)


def _parquet(path: Path) -> Table:
    try:
        file = parquet.ParquetFile(path)
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        groups = range(file.num_row_groups)
        stored = sum(file.metadata.row_group(n).total_byte_size for n in groups)
        check_memory(
            f"{path}: {rows} rows of {columns} columns", stored + CELL_BYTES * rows * columns
        )
        table = file.read()
    except UserError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from error
    nested = [
        f"{field.name} ({field.type})" for field in table.schema if pa.types.is_nested(field.type)
    ]
    if nested:
        raise UserError(
            f"{path} has columns of lists or structures, which are not features: "
            f"{', '.join(nested[:5])}; split them into columns of numbers or text, or drop them"
        )
    index = _index_columns(table.schema.pandas_metadata)
    kept = [number for number, name in enumerate(table.column_names) if name not in index]
    names, repeated = distinct([table.column_names[number] for number in kept])
    columns = {}
    for name, number in zip(names, kept, strict=True):
        try:
            columns[name] = series_of(table.column(number))
        except (ValueError, OverflowError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{path}: column {name!r} cannot be read: {reason}") from error
    return Table(pd.DataFrame(columns), tuple(_notes(repeated)), repeated)


def _index_columns(metadata: dict[str, list[object]] | None) -> set[object]:
    return (
        set() if metadata is None else {n for n in metadata["index_columns"] if isinstance(n, str)}
    )


def series_of(column: pa.ChunkedArray) -> pd.Series:
    """An Arrow column, which is not nested, as the features and labels of a frame are encoded.

    Raises ``ValueError``, ``OverflowError`` or ``ArrowException`` for values that cannot be.
    """
    kind = column.type
    if pa.types.is_dictionary(kind) and not kind.ordered:
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_time(kind):
        column = column.cast(pa.time64("us"), safe=False)  # datetime.time has microseconds
    elif pa.types.is_fixed_size_binary(kind):
        column = column.cast(pa.binary()).cast(pa.large_string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.large_string())  # refuses what is not UTF-8
    values: pd.Series = column.to_pandas(date_as_object=False)
    return values.astype(object) if isinstance(values.dtype, pd.StringDtype) else values


def _line_breaks(text: DelimitedText, names: list[str]) -> Iterator[str]:
    """Notes on cells of several lines: a stray quote may have made one cell of several rows."""
    for name, cells in zip(names, text.cells if '"' in text.text else (), strict=False):
        broken = np.flatnonzero(compute.match_substring_regex(cells, r"[\r\n]").to_numpy())
        if len(broken):
            yield (
                f"column {name!r} has line breaks in {len(broken)} cells, the first in row "
                f"{broken[0]}: read as text of several lines"
            )


def _notes(repeated: tuple[str, ...]) -> list[str]:
    return [f"the header has {listed(repeated)} more than once"] if repeated else []


def _joined(files: tuple[Path, ...]) -> Table:
    first, *rest = (read_table(path) for path in files)
    for path, table in zip(files[1:], rest, strict=True):
        lacks = [name for name in first.frame if name not in table.frame]
        adds = [name for name in table.frame if name not in first.frame]
        if lacks or adds:
            differences = [
                f"{what} {', '.join(map(str, names))}"
                for what, names in (("without", lacks), ("with", adds))
                if names
            ]
            raise UserError(
                f"{path} must have the columns of {files[0].name}, got {' and '.join(differences)}"
            )
    notes = dict.fromkeys(note for table in (first, *rest) for note in table.notes)
    joined = pd.concat([first.frame, *(table.frame for table in rest)], ignore_index=True)
    repeated = dict.fromkeys(name for table in (first, *rest) for name in table.repeated)
    return Table(joined, tuple(notes), tuple(repeated))
