"""Small datasets that ship inside scikit-learn: they need no download."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_sample_images, load_wine

from common.dataset import Dataset, Modality
from experiments.datasets.base import DataOptions

PATCH = 12
"""Side of a photo patch in pixels: 1,855 patches a photograph."""


@dataclass(frozen=True)
class BundledSource:
    """A dataset that needs no download."""

    modality: Modality
    make: Callable[[], Dataset]
    foreign: str | None = None
    subset: float = 1.0

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: scikit-learn contains it."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """Load the dataset from scikit-learn."""
        return self.make()


def _digits() -> Dataset:
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return _images("digits", pixels[..., None], digits.target, digits.target_names)


def _photo_patches() -> Dataset:
    """Non-overlapping patches of scikit-learn's sample photographs, one class a photograph."""
    photos = load_sample_images()
    patches = [_patches(photo) for photo in photos.images]
    y = np.repeat(np.arange(len(patches)), [len(of_photo) for of_photo in patches])
    names = [Path(file).stem for file in photos.filenames]
    return _images("photo_patches", np.concatenate(patches), y, names)


def _patches(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = photo.shape[0] // PATCH, photo.shape[1] // PATCH
    grid = photo[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH, 3)
    return grid.swapaxes(1, 2).reshape(-1, PATCH, PATCH, 3)


def _images(
    name: str, x: NDArray[np.uint8], y: NDArray[np.int64], class_names: Iterable[object]
) -> Dataset:
    return Dataset(
        name=name,
        modality="image",
        x=x,
        y=y.astype(np.int64),
        class_names=tuple(map(str, class_names)),
        source_index=np.arange(len(y)),
    )


def _table(name: str, bunch: Any) -> Dataset:
    return Dataset(
        name=name,
        modality="tabular",
        x=np.ascontiguousarray(bunch.data, np.float32),
        y=bunch.target.astype(np.int64),
        class_names=tuple(map(str, bunch.target_names)),
        source_index=np.arange(len(bunch.target)),
        feature_names=tuple(map(str, bunch.feature_names)),
    )


DIGITS = BundledSource("image", _digits, foreign="photo_patches")
DIGITS_TABLE = BundledSource("tabular", lambda: _table("digits_table", load_digits()))
BREAST_CANCER = BundledSource("tabular", lambda: _table("breast_cancer", load_breast_cancer()))
WINE = BundledSource("tabular", lambda: _table("wine", load_wine()))
PHOTO_PATCHES = BundledSource("image", _photo_patches, foreign="digits")
