"""The user's own folder of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user.image_files import LARGEST_SIDE

COLOURS = ("black", "blue & white")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three grey images a class, 6 × 4."""
    for value, name in enumerate(COLOURS):
        (tmp_path / name / "more").mkdir(parents=True)
        for i, place in enumerate(("0.png", "1.png", "more/2.png")):
            picture = Image.fromarray(np.full((4, 6), 100 * value + i, np.uint8))
            picture.save(tmp_path / name / place)
    return tmp_path


def values(folder: Path) -> list[int]:
    """The first pixel of each image."""
    data = source_for(str(folder), None).load(DataOptions())
    return [int(value) for value in data.x[:, 0, 0, 0]]


def test_the_class_is_the_folder(folder: Path) -> None:
    data = source_for(str(folder), None).load(DataOptions())
    assert data.modality == "image"
    assert data.x.shape == (6, 4, 6, 1)
    assert data.class_names == COLOURS
    assert data.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert values(folder) == [0, 1, 2, 100, 101, 102]


def test_one_colour_image_makes_all_colour(folder: Path) -> None:
    Image.new("RGB", (6, 4), (1, 2, 3)).save(folder / "black/3.png")
    data = source_for(str(folder), None).load(DataOptions())
    assert data.x.shape == (7, 4, 6, 3)
    assert data.x[2, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_modes_of_images(folder: Path, mode: str) -> None:
    start = "RGB" if mode in {"P", "CMYK"} else "L"
    picture = Image.new("L", (6, 4), 255).convert(start).convert(mode)
    picture.save(folder / "black/3.tif")
    data = source_for(str(folder), None).load(DataOptions())
    assert data.x[2].ravel()[0] == 255


def test_other_sizes_take_the_most_common_one(folder: Path) -> None:
    Image.new("L", (60, 40), 7).save(folder / "black/3.png")
    data = source_for(str(folder), None).load(DataOptions())
    assert data.x.shape == (7, 4, 6, 1)
    assert (data.x[2] == 7).all()


def test_large_images_are_made_smaller(tmp_path: Path) -> None:
    for name in COLOURS:
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.new("L", (1000, 500)).save(tmp_path / name / f"{i}.png")
    data = source_for(str(tmp_path), None).load(DataOptions())
    assert data.x.shape == (4, LARGEST_SIDE // 2, LARGEST_SIDE, 1)


def test_images_stand_upright(folder: Path) -> None:
    pixels = np.zeros((6, 4), np.uint8)
    pixels[0] = 255
    picture = Image.fromarray(pixels)
    exif = picture.getexif()
    exif[0x0112] = 8  # to be turned by 90° to the left
    picture.save(folder / "black/3.png", exif=exif)
    data = source_for(str(folder), None).load(DataOptions())
    assert (data.x[2, :, 0, 0] == 255).all()
    assert (data.x[2, :, 1:] == 0).all()


def test_files_that_are_no_images_are_passed_by(folder: Path) -> None:
    (folder / "black/notes.txt").write_text("hello")
    (folder / "black/.hidden.png").write_text("hello")
    assert len(values(folder)) == 6


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n"])
def test_an_unreadable_image_is_named(folder: Path, content: bytes) -> None:
    (folder / "black/3.png").write_bytes(content)
    with pytest.raises(UserError, match=r"black/3\.png cannot be read as an image"):
        values(folder)


def test_a_truncated_image_is_named(folder: Path) -> None:
    path = folder / "black/0.png"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"black/0\.png cannot be read as an image"):
        values(folder)


def test_folders_that_will_not_do(folder: Path, tmp_path: Path) -> None:
    (folder / "single").mkdir()
    Image.new("L", (6, 4)).save(folder / "single/0.png")
    with pytest.raises(UserError, match=r"at least 2 rows of each class, got 1 of 'single'"):
        values(folder)
    with pytest.raises(UserError, match="must have at least 2 classes, got only 'mor"):
        values(folder / "black")


def test_an_image_folder_has_no_columns(folder: Path) -> None:
    for options in (DataOptions(label="kind"), DataOptions(glitch="bad")):
        with pytest.raises(UserError, match="an image folder has no columns to name"):
            source_for(str(folder), None).load(options)
