"""Images that a CSV file lists: one column of files, one of labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.image_folder import SUFFIXES, read_images
from experiments.datasets.user.labels import labelled_frame
from experiments.datasets.user.tables import read_table

FILE = "file"


@dataclass(frozen=True)
class ImageList:
    """A CSV file with a column ``file``, paths from the CSV file's folder, and a label column."""

    name: str
    path: Path
    modality: Modality = "image"
    subset: float = 1.0
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the file exists."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """The images; position is the row."""
        frame = read_table(self.path)
        found = labelled_frame(self.name, frame, options.label, options.glitch)
        return Dataset(
            name=self.name,
            modality="image",
            x=read_images(self.image_paths()),
            y=found.labels,
            class_names=found.class_names,
            source_index=np.arange(len(frame)),
            known_glitch=found.known_glitch,
        )

    def image_paths(self) -> list[Path]:
        """The file of each row.

        Raises ``UserError`` for a row without one, or with one that lies elsewhere.
        """
        folder = self.path.absolute().parent
        found = []
        for row, name in enumerate(read_table(self.path)[FILE]):
            if not isinstance(name, str):
                raise UserError(f"{self.path}: no file in row {row}; name one or leave the row out")
            file = folder / name
            if not file.resolve().is_relative_to(folder.resolve()):
                raise UserError(f"{self.path}: files must lie below its folder, however: {name!r}")
            found.append(file)
        return found


def image_list_at(name: str, path: Path) -> ImageList | None:
    """The source of a CSV file that lists images; ``None`` if it is none."""
    if not path.is_file() or path.suffix != ".csv":
        return None
    try:
        first = pd.read_csv(path, nrows=1)
    except (OSError, ValueError):  # the reader of tables says what is wrong
        return None
    if FILE not in first or first.empty:
        return None
    listed = Path(str(first[FILE][0])).suffix.lower() in SUFFIXES
    return ImageList(name, path) if listed else None
