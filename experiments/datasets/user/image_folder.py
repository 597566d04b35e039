"""Images in one folder for each class."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.image_files import is_image, shown
from experiments.datasets.user.image_reading import read_images
from experiments.datasets.user.labels import encoded_labels, listed
from experiments.datasets.user.own_data import OwnData

SPLITS = frozenset(
    ("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout")
)
_OF_SPLIT = re.compile(r"[\s_-]*(set|data|images|split)?$")
"""What may follow the name of a part, as in ``train_set``."""
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
HIDDEN = "hidden or system files or folders"
UNREADABLE = "folders that cannot be read"
NO_IMAGES = "files that are not images"


@dataclass(frozen=True)
class ImageFolder(OwnData):
    """``<folder>/<class>/**/<image>``: the class of an image is the folder directly below the root.

    Hidden files and folders and files that are not images are left out, with a note.
    """

    modality: ClassVar[Modality] = "image"

    def load(self, options: DataOptions) -> Dataset:
        """The images; position is that in :meth:`image_paths`."""
        if options.label is not None or options.glitch is not None:
            raise UserError(f"{self.name}: an image folder has no columns to name")
        files = self.image_paths()
        self._check_classes(files)
        classes = pd.Series([shown(file.relative_to(self.path).parts[0]) for file in files])
        y, names = encoded_labels(f"{self.name}: the folders", classes)
        images = read_images(files, y.tolist(), options.progress)
        return Dataset(
            name=self.name,
            modality="image",
            x=images.x,
            y=y,
            class_names=names,
            source_index=np.arange(len(files)),
            notes=(*self._listing.notes(), *images.notes),
        )

    def image_paths(self) -> list[Path]:
        """The file of each row, sorted by path."""
        return self._listing.images

    @cached_property
    def _listing(self) -> Listing:
        return listing(self.path)

    def _check_classes(self, files: list[Path]) -> None:
        folders = sorted({shown(file.relative_to(self.path).parts[0]) for file in files})
        deeper = any(len(file.relative_to(self.path).parts) > 2 for file in files)
        if all(_OF_SPLIT.sub("", name.lower()) in SPLITS for name in folders):
            raise UserError(
                f"{self.name} has the parts {', '.join(folders)} instead of classes; name the "
                "folder of one part, and another as validation data"
            )
        if len(folders) == 1 and deeper:
            raise UserError(
                f"{self.name} has a single class folder, {folders[0]!r}, with folders in it; name "
                f"{folders[0]!r} itself if those are the classes"
            )


@dataclass
class Listing:
    """What lies below a folder of class folders.

    Attributes:
        root: the folder.
        images: sorted by path.
        left_out: by reason, what is not among them.
    """

    root: Path
    images: list[Path] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def notes(self) -> list[str]:
        """One sentence for each reason, with the number and the first name."""
        return [
            f"{len(names)} {reason} left out, the first is {listed(sorted(names)[:1])}"
            for reason, names in self.left_out.items()
        ]

    def leave_out(self, reason: str, path: str | Path) -> None:
        """Note that this path is not taken."""
        self.left_out[reason].append(shown(os.path.relpath(path, self.root)))

    def add_class(self, folder: Path) -> None:
        """Add the images below a class folder."""
        before = len(self.images)
        for place, folders, files in os.walk(
            folder, onerror=lambda error: self.leave_out(UNREADABLE, error.filename)
        ):
            for name in sorted(folders):
                path = Path(place, name)
                if _is_hidden(name):
                    folders.remove(name)
                    self.leave_out(HIDDEN, path)
                elif path.is_symlink():
                    self.leave_out("links to folders", path)
            for name in files:
                self._add_file(Path(place, name))
        if len(self.images) == before:
            self.leave_out("folders without images", folder)

    def _add_file(self, file: Path) -> None:
        if _is_hidden(file.name):
            self.leave_out(HIDDEN, file)
        elif not file.is_file():
            self.leave_out("special files or broken links", file)
        elif is_image(file):
            self.images.append(file)
        else:
            self.leave_out(NO_IMAGES, file)


def listing(folder: Path) -> Listing:
    """The images below a folder of class folders, and what is not taken as one.

    Links to class folders are followed, links inside them are not.

    Raises ``UserError`` if a link makes the same images samples of two classes.
    """
    found = Listing(folder)
    entries = sorted(folder.iterdir())
    _check_distinct([entry for entry in entries if entry.is_dir() and not _is_hidden(entry.name)])
    for entry in entries:
        if _is_hidden(entry.name):
            found.leave_out(HIDDEN, entry)
        elif entry.is_dir():
            found.add_class(entry)
        elif is_image(entry):
            found.leave_out("images outside class folders", entry)
        else:
            found.leave_out(NO_IMAGES, entry)
    found.images.sort(key=lambda file: file.parts)  # as paths are sorted, but faster
    return found


def _check_distinct(folders: list[Path]) -> None:
    places = sorted((folder.resolve(), folder) for folder in folders)  # a parent before its content
    for (outer, first), (inner, second) in pairwise(places):
        if inner.is_relative_to(outer):
            raise UserError(
                f"{shown(first.name)} and {shown(second.name)} of {shown(first.parent)} are links "
                "to the same images, or one to a part of the other's; keep one"
            )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES
