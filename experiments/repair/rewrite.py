"""Write the repaired copy of a training set in the form of its source, which is not changed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DatasetSource
from experiments.datasets.user.arrays import ArrayFile
from experiments.datasets.user.image_folder import ImageFolder
from experiments.datasets.user.image_list import FILE, ImageList
from experiments.datasets.user.labels import DEFAULT_LABEL
from experiments.datasets.user.tables import UserTable, read_table

NAME = "repaired"


@dataclass(frozen=True)
class Repaired:
    """A training set after a repair.

    Attributes:
        data: the set as it was read.
        label: name of the label column, if one was given.
        kept: rows that are kept.
        labels: class numbers of all rows after the repair.
    """

    data: Dataset
    label: str | None
    kept: NDArray[np.int64]
    labels: NDArray[np.int64]

    def relabelled(self, column: pd.Series) -> pd.Series:
        """The kept rows of a label column, in the notation of that column."""
        _, first = np.unique(self.data.y, return_index=True)
        return column.iloc[first[self.labels]].set_axis(column.index).iloc[self.kept]


def target_of(source: DatasetSource, out: Path) -> Path:
    """The path of the repaired set; ``UserError`` if it exists already."""
    path = out / f"{NAME}{_suffix(source)}"
    if path.exists():
        raise UserError(f"{path} exists already; remove it, or choose another folder with --out")
    return path


def write_repaired(source: DatasetSource, repaired: Repaired, path: Path) -> Path:
    """Write the repaired set in the form of its source to ``path``, which must not exist.

    Returns:
        The file or folder to audit or train on.
    """
    return _write(source, repaired, path)


@singledispatch
def _suffix(source: object) -> str:
    return ".npz"


@_suffix.register
def _(source: UserTable) -> str:
    return source.files[0].suffix


@_suffix.register(ImageFolder)
@_suffix.register(ImageList)
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
    frame, column = source.frame(), repaired.label or DEFAULT_LABEL
    changed = frame.iloc[repaired.kept].copy()
    changed[column] = repaired.relabelled(frame[column])
    if path.suffix == ".csv":
        changed.to_csv(path, index=False)
    else:
        changed.to_parquet(path, index=False)
    return path


@_write.register
def _(source: ArrayFile, repaired: Repaired, path: Path) -> Path:
    column = repaired.label or source.samples.replace("x", "y", 1)
    with np.load(source.path, allow_pickle=False) as stored:
        x, y = stored[source.samples], pd.Series(stored[column].ravel())
    labels = repaired.relabelled(y).to_numpy()
    # texts come back as objects, which would have to be pickled
    labels = labels.astype(str) if labels.dtype == object else labels
    np.savez_compressed(path, **{source.samples: x[repaired.kept], column: labels})
    return path


@_write.register
def _(source: ImageFolder, repaired: Repaired, path: Path) -> Path:
    files, names = source.image_paths(), repaired.data.class_names
    for row in repaired.kept.tolist():
        inside = files[row].relative_to(source.path)
        copy = path / names[repaired.labels[row]] / Path(*inside.parts[1:])
        if copy.exists():  # a file of that name came from the folder of another label
            copy = copy.with_name(f"{copy.stem}_{row}{copy.suffix}")
        _copied(files[row], copy)
    return path


@_write.register
def _(source: ImageList, repaired: Repaired, path: Path) -> Path:
    frame, column = read_table(source.path), repaired.label or DEFAULT_LABEL
    changed = frame.iloc[repaired.kept].copy()
    changed[column] = repaired.relabelled(frame[column])
    files = source.image_paths()
    for row, name in zip(repaired.kept.tolist(), changed[FILE], strict=True):
        _copied(files[row], path / str(name))
    changed.to_csv(path / source.path.name, index=False)
    return path / source.path.name


def _copied(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
