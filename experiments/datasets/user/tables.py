"""CSV and Parquet files with a label column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.encoding import encoded_features
from experiments.datasets.user.labels import labelled_frame

READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: pd.read_csv(path, low_memory=False),
    ".parquet": pd.read_parquet,
}


@dataclass(frozen=True)
class UserTable:
    """Rows of one file, or of the files of a folder one after the other.

    The label column is ``label`` unless another is named; so may be one with marks of known
    glitches. All other columns are features.
    """

    name: str
    files: tuple[Path, ...]
    modality: Modality = "tabular"
    subset: float = 1.0
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the files exist."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """The table; position is the row, counted from 0 over all files."""
        return table(self.name, self.frame(), options.label, options.glitch)

    def frame(self) -> pd.DataFrame:
        """The rows as they stand in the files."""
        return _joined(self.files)


def table(name: str, frame: pd.DataFrame, label: str | None, glitch: str | None) -> Dataset:
    """The dataset of a frame; label and glitch as :func:`labelled_frame` takes them."""
    found = labelled_frame(name, frame, label, glitch)
    x, features = encoded_features(name, found.rest)
    return Dataset(
        name=name,
        modality="tabular",
        x=x,
        y=found.labels,
        class_names=found.class_names,
        source_index=np.arange(len(x)),
        feature_names=features,
        known_glitch=found.known_glitch,
    )


def table_at(name: str, path: Path) -> UserTable | None:
    """The source of a CSV or Parquet file, or of a folder of such files; ``None`` if it is none."""
    if path.is_file() and path.suffix in READERS:
        return UserTable(name, (path,))
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in READERS)
        return UserTable(name, tuple(files)) if files else None
    return None


def _joined(files: tuple[Path, ...]) -> pd.DataFrame:
    first, *rest = (read_table(path) for path in files)
    for path, frame in zip(files[1:], rest, strict=True):
        lacks = [str(name) for name in first if name not in frame]
        adds = [str(name) for name in frame if name not in first]
        if lacks or adds:
            differences = [
                f"{what} {', '.join(names)}"
                for what, names in (("without", lacks), ("with", adds))
                if names
            ]
            raise UserError(
                f"{path} must have the columns of {files[0].name}, however it is "
                f"{' and '.join(differences)}"
            )
    return pd.concat([first, *rest], ignore_index=True)


def read_table(path: Path) -> pd.DataFrame:
    """The rows of a CSV or Parquet file, numbered from 0; ``UserError`` where it cannot be read."""
    try:
        frame = READERS[path.suffix](path)
    except (OSError, ValueError) as error:  # parsers raise kinds of ValueError
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if frame.empty:
        raise UserError(f"{path} has no rows")
    first = frame.iloc[:, 0]
    if str(first.name) == "Unnamed: 0" and first.equals(pd.Series(range(len(frame)))):
        frame = frame.iloc[:, 1:]  # the row numbers that pandas writes: they may tell the label
    return frame.reset_index(drop=True)
