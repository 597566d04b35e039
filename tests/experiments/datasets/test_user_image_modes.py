"""Images of every depth, with transparency and with several frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from user_files import load

from common.dataset import Dataset


def digits(folder: Path, save: object) -> Dataset:
    assert callable(save)
    ramp = np.linspace(0, 1, 24).reshape(4, 6)
    for name in "ab":
        (folder / name).mkdir()
        for i in range(2):
            save(ramp, folder / name / f"{i}.tif")
    return load(folder)


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.float32, 1), (np.float32, 4095), (np.int32, 60000), (np.uint16, 4095)]
)
def test_deep_images_use_their_own_range(dtype: type, top: int, tmp_path: Path) -> None:
    data = digits(tmp_path, lambda x, path: Image.fromarray((x * top).astype(dtype)).save(path))
    assert data.x.min() == 0
    assert data.x.max() == 255
    assert len(np.unique(data.x)) == 24
    assert any("more than 8 bits" in note for note in data.notes)


@pytest.mark.parametrize("ink", [0, 255])
def test_shapes_in_the_alpha_channel_show(ink: int, tmp_path: Path) -> None:
    def save(x: np.ndarray, path: Path) -> None:
        pixels = np.full((*x.shape, 4), ink, np.uint8)
        pixels[..., 3] = np.rint(x * 255)
        Image.fromarray(pixels).save(path)

    data = digits(tmp_path, save)
    assert int(data.x.max()) - int(data.x.min()) == 255
    assert any("transparent" in note for note in data.notes)


def test_of_several_frames_the_one_with_contrast_is_used(tmp_path: Path) -> None:
    def save(x: np.ndarray, path: Path) -> None:
        first = Image.new("L", (6, 4))
        first.save(path, save_all=True, append_images=[Image.fromarray(np.uint8(x * 255))])

    data = digits(tmp_path, save)
    assert data.x.max() == 255
    assert any("several frames" in note for note in data.notes)
