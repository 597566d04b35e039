"""Write the repaired copy of a training set in the form of its source, which is not changed.

A repair changes labels and drops rows. Nothing else differs: delimited text keeps every other byte,
Parquet its schema, metadata and row groups, arrays their type and order, images their files.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import dataclass
from functools import singledispatch
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions, DatasetSource
from experiments.datasets.user.arrays import ArrayFile, ArrayFolder
from experiments.datasets.user.delimited_text import is_delimited, read_delimited, rewritten
from experiments.datasets.user.image_folder import ImageFolder
from experiments.datasets.user.image_list import ImageList
from experiments.datasets.user.labels import DEFAULT_LABEL
from experiments.datasets.user.tables import UserTable

NAME = "repaired"

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Repaired:
    """A training set after a repair.

    Attributes:
        data: the set as it was read.
        label: name of the label column, if one was given.
        kept: rows that are kept, ascending.
        labels: class numbers of all rows after the repair.
    """

    data: Dataset
    label: str | None
    kept: Rows
    labels: Rows

    @property
    def label_rows(self) -> Rows:
        """For each row, a row that has its label: itself, or the first one of its new class."""
        _, first = np.unique(self.data.y, return_index=True)
        unchanged = self.labels == self.data.y
        return np.where(unchanged, np.arange(len(self.labels)), first[self.labels])


def target_of(source: DatasetSource, out: Path) -> Path:
    """The path of the repaired set; ``UserError`` if it exists already."""
    path = out / f"{NAME}{_suffix(source)}"
    if os.path.lexists(path):
        raise UserError(f"{path} exists already; remove it, or choose another folder with --out")
    return path


def write_repaired(source: DatasetSource, repaired: Repaired, path: Path) -> Path:
    """Write the repaired set in the form of its source to ``path``, which must not exist.

    It appears only when it is complete.

    Returns:
        The file or folder to audit or train on.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".repaired-") as folder:
        half = Path(folder) / path.name
        written = _write(source, repaired, half)
        half.rename(path)
    return path / written.relative_to(half)


@singledispatch
def _suffix(source: object) -> str:
    return ".npz"


@_suffix.register
def _(source: UserTable) -> str:
    if len({is_delimited(file) for file in source.files}) > 1:
        raise UserError(f"{source.path} mixes text and Parquet files, which cannot be repaired")
    if source.path.is_dir():
        return ""
    gz = source.path.suffixes[-2:] if source.path.suffix.lower() == ".gz" else []
    return "".join(gz) or source.path.suffix


@_suffix.register(ImageFolder)
@_suffix.register(ImageList)
@_suffix.register(ArrayFolder)
def _(source: object) -> str:
    return ""


@singledispatch
def _write(source: object, repaired: Repaired, path: Path) -> Path:
    """For sources without a file format of their own: arrays ``x`` and ``y``, labels by name."""
    kept, names = repaired.kept, np.array(repaired.data.class_names)
    np.savez_compressed(path, x=repaired.data.x[kept], y=names[repaired.labels[kept]])
    return path


@_write.register
def _(source: UserTable, repaired: Repaired, path: Path) -> Path:
    column = repaired.label or DEFAULT_LABEL
    if not source.path.is_dir():
        _write_table(source.files, [path], column, repaired)
        return path
    path.mkdir()
    _write_table(source.files, [path / file.name for file in source.files], column, repaired)
    return path


def _write_table(
    files: tuple[Path, ...], copies: list[Path], label: str, repaired: Repaired
) -> None:
    """Write a copy of each file; labels are spelled as in the row that they are taken from."""
    if is_delimited(files[0]):
        texts = [read_delimited(file) for file in files]
        for text, copy in zip(texts, copies, strict=True):
            copy.write_bytes(
                rewritten(texts, texts.index(text), label, repaired.kept, repaired.label_rows)
            )
        return
    tables = [parquet.ParquetFile(file).read() for file in files]
    labels = pa.chunked_array([chunk for t in tables for chunk in t.column(label).chunks])
    start = 0
    for file, copy, table in zip(files, copies, tables, strict=True):
        rows = np.arange(start, start + len(table))
        kept = np.intersect1d(rows, repaired.kept)
        changed = labels.take(pa.array(repaired.label_rows[rows]))
        place = table.schema.get_field_index(label)
        field = table.schema.field(place)
        relabelled = table.set_column(place, field, changed.cast(field.type))
        _write_parquet(file, relabelled, kept - start, copy)
        start += len(table)


def _write_parquet(file: Path, table: pa.Table, kept: Rows, copy: Path) -> None:
    """Write the kept rows of a table with the row groups and compression of ``file``."""
    metadata = parquet.ParquetFile(file).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    codecs = {
        groups[0].column(number).path_in_schema: groups[0].column(number).compression
        for number in range(metadata.num_columns if groups else 0)
    }
    compression = {
        name: "NONE" if codec == "UNCOMPRESSED" else codec for name, codec in codecs.items()
    }
    with parquet.ParquetWriter(copy, table.schema, compression=compression or "snappy") as writer:
        bounds = [0, *accumulate(group.num_rows for group in groups)]
        for low, high in pairwise(bounds):
            rows = kept[(kept >= low) & (kept < high)]
            if len(rows):
                writer.write_table(table.take(pa.array(rows)), row_group_size=len(rows))


@_write.register
def _(source: ArrayFile, repaired: Repaired, path: Path) -> Path:
    label = source.label(DataOptions(label=repaired.label))
    rows = len(repaired.labels)
    part = source.samples.removeprefix("x")
    with (
        np.load(source.path, allow_pickle=False) as stored,
        zipfile.ZipFile(source.path) as archive,
    ):
        arrays = {name: stored[name] for name in stored.files}
        packed = any(member.compress_type for member in archive.infolist())
    arrays[label] = arrays[label][repaired.label_rows]
    for name, array in arrays.items():
        if (
            array.ndim
            and len(array) == rows
            and name.endswith(part)
            and not _other_part(name, part)
        ):
            arrays[name] = array[repaired.kept]
    save = np.savez_compressed if packed else np.savez
    save(path, allow_pickle=False, **arrays)
    return path


def _other_part(name: str, part: str) -> bool:
    return not part and name.endswith(("_train", "_val", "_test"))


@_write.register
def _(source: ArrayFolder, repaired: Repaired, path: Path) -> Path:
    path.mkdir()
    parts = source.parts()
    labels = np.concatenate([source.array(f"y_{part}") for part in parts])[repaired.label_rows]
    start = 0
    for part in parts:
        old = source.array(f"y_{part}")
        kept = repaired.kept[(repaired.kept >= start) & (repaired.kept < start + len(old))]
        np.save(path / f"y_{part}.npy", labels[kept].astype(labels.dtype))
        for kind in "NC":
            if (source.path / f"{kind}_{part}.npy").exists():
                np.save(path / f"{kind}_{part}.npy", source.array(f"{kind}_{part}")[kept - start])
        start += len(old)
    return path


@_write.register
def _(source: ImageFolder, repaired: Repaired, path: Path) -> Path:
    files = source.image_paths()
    folders = [file.relative_to(source.path).parts[0] for file in files]
    for row in repaired.kept.tolist():
        inside = files[row].relative_to(source.path)
        copy = path / folders[repaired.label_rows[row]] / Path(*inside.parts[1:])
        if copy.exists():  # a file of that name came from the folder of another label
            copy = copy.with_name(f"{copy.stem}_{row}{copy.suffix}")
        _copy(files[row], copy)
    return path


@_write.register
def _(source: ImageList, repaired: Repaired, path: Path) -> Path:
    column = repaired.label or DEFAULT_LABEL
    text = read_delimited(source.path)
    files, relative = source.image_paths(), source.relative_paths()
    for row in repaired.kept.tolist():
        _copy(files[row], path / relative[row])
    copy = path / source.path.name
    copy.write_bytes(rewritten([text], 0, column, repaired.kept, repaired.label_rows))
    return copy


def _copy(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
