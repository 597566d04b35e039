"""Images that a CSV file lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from user_files import csv, folder_of, load, refusal

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for

NAMES = ["a.png", "with space.png", "ü'\"<b>.png", "deep/d.png"]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for value, name in enumerate(NAMES):
        Image.fromarray(np.full((4, 6), value, np.uint8)).save(tmp_path / name)
    rows = ["a.png,x,1", "with space.png,y,0", '"ü\'""<b>.png",x,0', "deep/d.png,y,0"]
    (tmp_path / "list.csv").write_text("\n".join(["file,kind,bad", *rows]))
    return tmp_path / "list.csv"


def test_rows_and_labels_are_those_of_the_list(listed: Path) -> None:
    data = source_for(str(listed), None).load(DataOptions(label="kind", glitch="bad"))
    assert data.modality == "image"
    assert data.x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert data.y.tolist() == [0, 1, 0, 1]
    assert data.class_names == ("x", "y")
    assert data.known_glitch is not None
    assert data.known_glitch.tolist() == [True, False, False, False]
    assert not any("no features" in note for note in data.notes)
    data = source_for(str(listed), None).load(DataOptions(label="kind"))
    assert "columns 'bad' are no features: only the images are" in data.notes


def test_a_table_with_a_column_of_other_files_stays_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label\na.txt,1\nb.txt,0\na.txt,1\nb.txt,0\n")
    assert source_for(str(tmp_path / "t.csv"), None).modality == "tabular"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("../a.png,x\n../b.png,y", "below the folder of the list"),
        ("/etc/a.png,x\nb.png,y", "below the folder of the list"),
        ("a.png,x\n,y\na.png,x\na.png,y", "row 1 names no file"),
        ("gone.png,x\ngone.png,y\ngone.png,x\ngone.png,y", "row 0: .*gone.png cannot be read"),
    ],
)
def test_files_that_will_not_do(listed: Path, rows: str, message: str) -> None:
    path = listed.parent / "other.csv"
    path.write_text(f"file,label\n{rows}\n{rows}\n")
    with pytest.raises(UserError, match=message):
        source_for(str(path), None).load(DataOptions())


def test_columns_are_there(listed: Path) -> None:
    for options in (DataOptions(), DataOptions(label="kind", glitch="worse")):
        with pytest.raises(UserError, match="unknown"):
            source_for(str(listed), None).load(options)


@pytest.mark.parametrize("name", ["filename", "File_Name", "image_path"])
def test_other_names_of_the_column_of_files(name: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a")
    rows = [f"a{chr(92)}{i % 3}.png,{'xy'[i % 2]}" for i in range(6)]
    data = load(csv(tmp_path / "list.csv", f"{name},label", *rows))
    assert data.modality == "image"
    assert any(name in note for note in data.notes)
    assert any("backslashes" in note for note in data.notes)
    assert any("3 rows name a file again" in note for note in data.notes)
    assert "rename it to 'file'" in refusal(
        csv(tmp_path / "odd.csv", "picture,label", *(row.replace(chr(92), "/") for row in rows))
    )


def test_a_link_that_leaves_the_folder_of_the_list(tmp_path: Path) -> None:
    inside = folder_of(tmp_path / "in", "a")
    Image.new("L", (6, 4)).save(tmp_path / "secret.png")
    (inside / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    assert "outside the folder" in refusal(
        csv(inside / "list.csv", "file,label", *["a/link.png,x", "a/0.png,y"] * 2)
    )


@pytest.mark.parametrize("name", ["https://h.example/a.png", "file:///a.png"])
def test_image_lists_of_addresses(name: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label\n" + f"{name},p\n{name},q\n" * 6)
    message = refusal(tmp_path / "t.csv")
    assert "relative paths" in message
    assert name in message


@pytest.mark.parametrize("suffix", ["", ".bin", ".0001"])
def test_listed_files_without_the_suffix_of_an_image(suffix: str, tmp_path: Path) -> None:
    for i in range(4):
        Image.new("L", (6, 4), i).save(tmp_path / f"scan{i}{suffix}", "PNG")
    rows = [f"scan{i}{suffix},{'xy'[i % 2]}" for i in range(4)]
    data = load(csv(tmp_path / "list.csv", "file,label", *rows))
    assert data.x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert "rename it to 'file'" in refusal(csv(tmp_path / "odd.csv", "picture,label", *rows))


@pytest.mark.parametrize("first", ["", "a/0.png "])
def test_lists_whose_first_name_is_wrong_name_its_row(first: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a")
    rows = [f"{first},x", *(f"a/{i % 3}.png,{'xy'[i % 2]}" for i in range(6))]
    assert "row 0" in refusal(csv(tmp_path / "list.csv", "file,label", *rows))


def test_long_cells_are_no_files(tmp_path: Path) -> None:
    rows = [f"{'word ' * 900}{i % 3},{'xy'[i % 2]}" for i in range(12)]
    assert load(csv(tmp_path / "t.csv", "file,label", *rows)).modality == "tabular"
