"""Images listed in a delimited text file: one column of file names, one of labels."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import ClassVar

import numpy as np
import pandas as pd

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.image_files import check_file, image_suffixes, is_image
from experiments.datasets.user.image_reading import read_images
from experiments.datasets.user.labels import DEFAULT_LABEL, labelled_frame, listed
from experiments.datasets.user.own_data import OwnData
from experiments.datasets.user.tables import Table

FILE_COLUMNS = frozenset(
    ("file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_path")
)
"""Names of the column of files, in any case."""


@dataclass(frozen=True)
class ImageList(OwnData):
    """A table with a label column and a column of image files, relative to its own folder.

    Attributes:
        column: name of the column of files.
        table: the rows of the list.
    """

    column: str
    table: Table = field(compare=False, repr=False)
    modality: ClassVar[Modality] = "image"

    def load(self, options: DataOptions) -> Dataset:
        """The images; position is the row."""
        table = self.table
        table.check_label(self.name, options.label or DEFAULT_LABEL)
        found = labelled_frame(self.name, table.frame, options.label, options.glitch)
        others = [str(name) for name in found.rest if name != self.column]
        images = read_images(self.image_paths(), found.labels.tolist(), options.progress)
        return Dataset(
            name=self.name,
            modality="image",
            x=images.x,
            y=found.labels,
            class_names=found.class_names,
            source_index=np.arange(len(table.frame)),
            known_glitch=found.known_glitch,
            notes=(*table.notes, *self._notes(), *_unused(others), *images.notes),
        )

    def image_paths(self) -> list[Path]:
        """The file of each row.

        Raises ``UserError`` for a row without one, or with one outside the folder of the list.
        """
        folder = self.path.absolute().parent
        return [folder / relative for relative in self.relative_paths()]

    def relative_paths(self) -> list[PurePosixPath]:
        """The file of each row, relative to the folder of the list."""
        return list(self._relative_paths)

    @cached_property
    def _relative_paths(self) -> tuple[PurePosixPath, ...]:
        folder = self.path.absolute().parent
        root = folder.resolve()
        found = []
        for row, name in enumerate(self.table.frame[self.column]):
            if not isinstance(name, str):
                raise UserError(f"{self.path}: row {row} names no file; add one or leave it out")
            relative = PurePosixPath(name)
            if "\\" in name and not os.path.lexists(folder / relative):
                relative = PurePosixPath(name.replace("\\", "/"))
            outside = (
                relative.is_absolute()
                or PureWindowsPath(name).drive
                or ".." in relative.parts
                or "://" in name
            )
            if outside or "\0" in name:
                raise UserError(
                    f"{self.path}: files must be relative paths below the folder of the list, got "
                    f"{name!r} in row {row}"
                )
            file = folder / relative
            try:
                resolved = file.resolve()
            except (OSError, RuntimeError) as error:
                raise UserError(f"{self.path}: {name!r} in row {row} cannot be read") from error
            if not resolved.is_relative_to(root):
                raise UserError(
                    f"{self.path}: {name!r} in row {row} is a link to a place outside the folder "
                    "of the list"
                )
            try:
                check_file(file)
            except UserError as error:
                raise UserError(f"{self.path}: row {row}: {error}") from error
            found.append(relative)
        return tuple(found)

    def _notes(self) -> list[str]:
        notes = []
        names = self.table.frame[self.column]
        if self.column != "file":
            notes.append(f"column {self.column!r} is taken as the image files")
        if any("\\" in name for name in names) and not any(
            "\\" in str(relative) for relative in self._relative_paths
        ):
            notes.append("backslashes in file names are taken as folder separators")
        twice = names[names.duplicated()]
        if len(twice):
            notes.append(
                f"{len(twice)} rows name a file again, the first is {listed([twice.iloc[0]])}"
            )
        return notes


def _unused(others: list[str]) -> list[str]:
    return [f"columns {listed(others)} are no features: only the images are"] if others else []


def file_column(path: Path, table: Table) -> str | None:
    """The column of image files, if the table is a list of images: its first name is that of a file
    with the suffix of an image, or of an image next to the table.

    Raises ``UserError`` if a column with another name seems to list images next to the table, or if
    several could.
    """
    folder = path.absolute().parent
    columns = [str(name) for name in table.frame if _names_image(folder, table.frame[name])]
    named = [name for name in columns if name.lower() in FILE_COLUMNS]
    if len(named) > 1:
        raise UserError(f"{path} has several columns of image files, {listed(named)}; keep one")
    if named:
        return named[0]
    for name in columns:
        first = str(table.frame[name].dropna().iloc[0]).replace("\\", "/")
        if _is_file(folder / first):
            raise UserError(
                f"{path}: column {name!r} lists image files; rename it to 'file' to use the "
                "images, or drop it to use the table"
            )
    return None


def _names_image(folder: Path, cells: pd.Series) -> bool:
    first = next(iter(cells.dropna()), None)
    if not isinstance(first, str):
        return False
    name = PurePosixPath(first.strip().replace("\\", "/"))
    file = folder / name
    return name.suffix.lower() in image_suffixes() or (_is_file(file) and is_image(file))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a path, or with a zero byte
        return False
