"""The user's own folder of images."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from user_files import csv, folder_of, load, refusal

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user.image_decoding import LARGEST_SIDE

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


def test_hidden_folders_and_files_are_left_out(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b", ".ipynb_checkpoints", "__MACOSX", "a/.ipynb_checkpoints")
    (tmp_path / "a" / "._0.png").write_bytes(b"junk")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    data = load(tmp_path)
    assert data.class_names == ("a", "b")
    assert len(data) == 6
    assert any(note.startswith("4 hidden or system") for note in data.notes)
    assert any("notes.txt" in note and note.startswith("1 files") for note in data.notes)
    assert any("'empty'" in note for note in data.notes)


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".JPG", ".bin", ""])
def test_images_are_known_by_content(suffix: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    Image.new("L", (6, 4), 9).save(tmp_path / "a" / f"more{suffix}", "JPEG")
    assert len(load(tmp_path)) == 7


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (("train/a", "train/b", "test/a", "test/b"), "parts test, train instead of classes"),
        (("images/a", "images/b"), "name 'images' itself"),
        ((".",), "no class folders"),
    ],
)
def test_folders_that_are_not_classes(
    classes: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    assert reason in refusal(folder_of(tmp_path, *classes))


@pytest.mark.parametrize("names", [("train_set", "test_set"), ("Train data", "validation-data")])
def test_parts_with_longer_names(names: tuple[str, str], tmp_path: Path) -> None:
    assert "instead of classes" in refusal(folder_of(tmp_path, *names))
    assert load(folder_of(tmp_path / "classes", "test1", "test2")).class_names == ("test1", "test2")


def test_a_table_next_to_class_folders(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    csv(tmp_path / "metadata.csv", "file_name,label", "a/0.png,a")
    assert "tables and folders of images" in refusal(tmp_path)


def test_special_files_do_not_hang(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "a" / "gone.png").symlink_to("nowhere.png")
    data = load(tmp_path)
    assert len(data) == 6
    assert any(note.startswith("2 special files or broken links") for note in data.notes)
    csv(tmp_path / "list.csv", "file,label", *["a/pipe.png,x", "a/0.png,y"] * 2)
    assert "row 0" in refusal(tmp_path / "list.csv")
    os.mkfifo(tmp_path / "t.csv")
    assert "neither a regular file" in refusal(tmp_path / "t.csv")


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    (tmp_path / "b").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    assert load(tmp_path).class_names == ("a", "caf\\xe9")


def test_two_links_to_one_class_folder_are_refused(tmp_path: Path) -> None:
    base = folder_of(tmp_path / "base", "a", "b", "b/deeper")
    root = tmp_path / "root"
    root.mkdir()
    for name, place in {"a": "a", "b": "b"}.items():
        (root / name).symlink_to(base / place)
    assert load(root).class_names == ("a", "b")
    for place in ("b", "b/deeper", "."):
        (root / "c").symlink_to(base / place)
        assert "links to the same images" in refusal(root)
        (root / "c").unlink()
