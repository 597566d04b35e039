"""Images that a CSV file lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
