"""Images in one folder a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.labels import encoded_labels
from glitches.images import matched

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
LARGEST_SIDE = 224
"""Pixels: what the largest backbones take."""

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})


@dataclass(frozen=True)
class ImageFolder:
    """``<folder>/<class>/**/<image>``: the class of an image is the folder that it lies in.

    All images take the size that is most common among them, at most 224 pixels a side; they are
    grey only where all are.
    """

    name: str
    path: Path
    modality: Modality = "image"
    subset: float = 1.0
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the folder exists."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """The images; position is that in :func:`image_files`."""
        if options.label is not None or options.glitch is not None:
            raise UserError(f"{self.name}: an image folder has no columns to name")
        files = self.image_paths()
        classes = pd.Series([file.relative_to(self.path).parts[0] for file in files])
        y, names = encoded_labels(f"{self.name}: the folders", classes)
        return Dataset(
            name=self.name,
            modality="image",
            x=read_images(files),
            y=y,
            class_names=names,
            source_index=np.arange(len(files)),
        )

    def image_paths(self) -> list[Path]:
        """The file of each row."""
        return image_files(self.path)


def image_files(folder: Path) -> list[Path]:
    """The image files below a folder of class folders, sorted by path."""
    return sorted(_images_below(folder))


def image_folder_at(name: str, path: Path) -> ImageFolder | None:
    """The source of a folder with one folder of images a class; ``None`` if it is none."""
    if path.is_dir() and next(_images_below(path), None) is not None:
        return ImageFolder(name, path)
    return None


def _images_below(folder: Path) -> Iterator[Path]:
    for file in folder.glob("*/**/*"):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            yield file


def read_images(files: Sequence[Path]) -> NDArray[np.uint8]:
    """The images as one array (n, height, width, 1 or 3): of the size that is most common among
    them, at most 224 pixels a side, and grey only where all are.

    Raises ``UserError`` naming a file that cannot be read.
    """
    return _stacked([_read(file) for file in files])


def _read(file: Path) -> NDArray[np.uint8]:
    """Pixels (height, width, 1 or 3), upright."""
    try:
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I;16"):
                return np.asarray(np.asarray(upright) >> 8, np.uint8)[..., None]
            grey = upright.mode in GREY_MODES
            pixels = np.asarray(upright.convert("L" if grey else "RGB"))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise UserError(
            f"{file} is no readable image: {' '.join(str(error).split())}; mend it or take it away"
        ) from error
    return pixels[..., None] if grey else pixels


def _stacked(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    (height, width), _ = Counter(image.shape[:2] for image in images).most_common(1)[0]
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
    channels = max(image.shape[2] for image in images)
    return np.concatenate([matched(image[None], height, width, channels) for image in images])
