"""The datasets that ship inside scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits, load_sample_image

from experiments.datasets.base import DataOptions
from experiments.datasets.bundled import DIGITS, DIGITS_TABLE, PATCH, PHOTO_PATCHES


def test_digits_use_the_whole_range_of_a_byte() -> None:
    data = DIGITS.load(DataOptions())
    assert data.x.shape == (1797, 8, 8, 1)
    assert (data.x.min(), data.x.max()) == (0, 255)
    assert np.abs(data.x[..., 0].astype(float) / 255 * 16 - load_digits().images).max() <= 0.04
    assert (data.y == load_digits().target).all()


def test_digits_as_a_table() -> None:
    data = DIGITS_TABLE.load(DataOptions())
    assert data.x.shape == (1797, 64)
    assert len(data.feature_names) == 64


def test_photo_patches_tile_the_photographs() -> None:
    data = PHOTO_PATCHES.load(DataOptions())
    assert data.class_names == ("china", "flower")
    china, flower = (load_sample_image(f"{name}.jpg") for name in data.class_names)
    assert (data.x[0] == china[:PATCH, :PATCH]).all()
    assert (data.x[1] == china[:PATCH, PATCH : 2 * PATCH]).all()
    assert (data.x[data.y == 1][0] == flower[:PATCH, :PATCH]).all()


def test_photo_patches_suffice_for_half_of_the_digits() -> None:
    sizes = np.bincount(PHOTO_PATCHES.load(DataOptions()).y)
    assert sizes.min() >= 0.8 * 1797
