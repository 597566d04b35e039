"""What an audit makes of data as users have it: handled and told, or refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from common.errors import UserError
from experiments.audit.input.data import AuditData, read
from experiments.training.context import TrialContext

ROWS = 60
Maker = Callable[[Path], str]


def table(**columns: object) -> Maker:
    def make(folder: Path) -> str:
        base = {"a": np.arange(ROWS) % 7 / 7, "label": np.array(["p", "q"])[np.arange(ROWS) % 2]}
        pd.DataFrame(base | columns).to_csv(folder / "t.csv", index=False)
        return str(folder / "t.csv")

    return make


def images(change: Callable[[Path], object] = lambda root: None, classes: int = 2) -> Maker:
    def make(folder: Path) -> str:
        root = folder / "images"
        for c in range(classes):
            (root / "cd"[c]).mkdir(parents=True)
            for i in range(6):
                pixels = np.full((6, 6), 40 * c + i, np.uint8)
                Image.fromarray(pixels).save(root / "cd"[c] / f"{i}.png")
        change(root)
        return str(root)

    return make


def resaved(name: str, mode: str, size: tuple[int, int] = (6, 6)) -> Callable[[Path], object]:
    picture = (
        Image.fromarray(np.full(size, 999, np.uint16)) if mode == "I;16" else Image.new(mode, size)
    )
    return lambda root: picture.save(root / "c" / name)


def look(maker: Maker, folder: Path, label: str | None = None) -> AuditData:
    return read(maker(folder), label, None, TrialContext(None, folder / "cache"))


TOLD: list[tuple[str, Maker, str]] = [
    ("sizes", images(resaved("x.png", "L", (9, 9))), "1 of 13 images have another size"),
    ("alpha", images(resaved("x.png", "RGBA")), "1 images are transparent: put on a white"),
    ("grey with alpha", images(resaved("x.png", "LA")), "1 images are transparent: put on a white"),
    ("palette", images(resaved("x.png", "P")), "several modes (L 12, P 1)"),
    ("16 bit", images(resaved("x.png", "I;16")), "1 images have more than 8 bits"),
    ("large", images(resaved("x.png", "L", (500, 400))), "another size"),
    (
        "few samples",
        table(label=["p"] * 30 + ["q"] * 27 + ["r"] * 3),
        "fewer than 5 samples, too few for a reliable result: 'r' (3)",
    ),
    ("sorted", table(label=np.repeat(["p", "q"], 30)), "label depends on the order of the rows"),
    ("constant", table(b=1), "column 'b' is constant: left out"),
    ("empty", table(b=None), "column 'b' is empty: left out"),
    ("row numbers", table(b=np.arange(ROWS) + 7), "column 'b' numbers the rows: left out"),
    ("ids", table(b=[f"u-{i}" for i in range(ROWS)]), "column 'b' identifies the rows: left out"),
    (
        "dates",
        table(b=pd.date_range("2020-01-01", periods=ROWS).astype(str)),
        "column 'b' holds dates: taken as days",
    ),
    (
        "categories",
        table(b=[f"c{i % 40}" for i in range(ROWS)]),
        "column 'b' has 40 categories: the 31 most common are kept apart",
    ),
    (
        "a space before each label",
        table(label=[" p", " q"] * 30),
        "classes ' p', ' q' begin or end with a space",
    ),
    ("unseen letters", table(label=["p", "p\u200b"] * 30), "contain characters that are not shown"),
    ("nan", table(b=[None, *range(ROWS - 1)]), "column 'b' lacks 1 of 60 values"),
]


@pytest.mark.parametrize("case", TOLD, ids=[case[0] for case in TOLD])
def test_told(case: tuple[str, Maker, str], tmp_path: Path) -> None:
    _, maker, note = case
    found = look(maker, tmp_path)
    assert any(note in one for one in found.notes), found.notes
    assert len(found.train) >= 13


REFUSED: list[tuple[str, Maker, str]] = [
    ("one class", images(classes=1), "at least 2 classes"),
    (
        "unreadable",
        images(lambda root: (root / "c/0.png").write_bytes(b"no")),
        "repair or remove it",
    ),
    ("empty file", images(lambda root: (root / "c/0.png").write_bytes(b"")), "repair or remove it"),
    ("continuous", table(label=np.linspace(0, 1, ROWS)), "looks continuous"),
    ("many numbers", table(label=np.arange(ROWS) // 2), "looks continuous"),
    ("no label", table(label=["p", None] * 30), "add a label or leave the row out"),
    ("one of a class", table(label=["p"] * 59 + ["q"]), "leave such rows out or merge classes"),
    ("infinite", table(b=[float("inf"), *range(ROWS - 1)]), "must be finite"),
    ("only odd columns", table(a=1), "no column is left to learn from"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case[0] for case in REFUSED])
def test_refused(case: tuple[str, Maker, str], tmp_path: Path) -> None:
    _, maker, message = case
    with pytest.raises(UserError, match=r".*" + message) as error:
        look(maker, tmp_path)
    assert "\n" not in str(error.value)


def test_a_million_categories(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(1_000_000) % 10 / 3, "label": np.arange(1_000_000) % 2})
    frame["b"] = "c" + frame.index.astype(str)
    frame.to_parquet(tmp_path / "t.parquet")
    found = read(str(tmp_path / "t.parquet"), None, None, TrialContext(None, tmp_path))
    assert "column 'b' identifies the rows: left out" in found.notes
    assert found.train.x.shape == (1_000_000, 1)


def test_names_of_files_are_kept_as_they_are(tmp_path: Path) -> None:
    odd = "a 'quoted' \"name\" ü <img src=x onerror=alert(1)>.png"
    found = look(images(resaved(odd, "L")), tmp_path)
    assert f"c/{odd}" in found.files
    assert found.train.class_names == ("c", "d")


def test_validation_is_brought_to_the_form_of_the_training_set(tmp_path: Path) -> None:
    data = images()(tmp_path)
    other = tmp_path / "other"
    for name in "cde":
        (other / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(np.full((12, 12, 3), 150 + i, np.uint8)).save(other / name / f"{i}.png")
    (other / "c" / "same.png").write_bytes((tmp_path / "images/c/0.png").read_bytes())
    found = read(data, None, str(other), TrialContext(None, tmp_path))
    assert found.validation is not None
    assert found.validation.x.shape == (12, 6, 6, 1)
    assert found.validation.class_names == ("c", "d")
    assert "6 validation rows have classes that the training set does not have (e): left out" in (
        found.notes
    )
    assert "1 validation rows are also in the training set: not used for validation" in found.notes


def test_the_training_set_is_no_validation_set(tmp_path: Path) -> None:
    data = images()(tmp_path)
    with pytest.raises(UserError, match="use other validation data, or none"):
        read(data, None, data, TrialContext(None, tmp_path))


def test_copies_of_rows_are_no_columns_that_give_the_label_away(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"a": np.sin(np.arange(24)), "b": np.cos(np.arange(24)), "label": ["p", "q", "q"] * 8}
    )
    pd.concat([rows] * 25).to_csv(tmp_path / "t.csv", index=False)
    found = read(str(tmp_path / "t.csv"), None, None, TrialContext(None, tmp_path))
    assert not [note for note in found.notes if "gives the label" in note]
    pd.concat([rows.assign(a=rows["label"].map({"p": 1, "q": 2}) + rows["a"] / 9)] * 25).to_csv(
        tmp_path / "u.csv", index=False
    )
    found = read(str(tmp_path / "u.csv"), None, None, TrialContext(None, tmp_path))
    assert [note for note in found.notes if "column 'a' gives the label" in note]


def test_why_validation_rows_cannot_be_used(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(30) % 7 / 3, "label": ["caf\u00e9", "tea"] * 15})
    frame.to_csv(tmp_path / "t.csv", index=False)
    other = frame.assign(a=frame["a"] + 5, label=["cafe\u0301", "milk"] * 15)
    other.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(UserError) as error:
        read(str(tmp_path / "t.csv"), None, str(tmp_path / "v.csv"), TrialContext(None, tmp_path))
    assert "30 have other classes" in str(error.value)
    assert "'milk'" in str(error.value)
    assert "of which 'cafe\u0301' differ only in spaces, case or Unicode form" in str(error.value)


def test_tables_are_encoded_together(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"a": list("xxyy") * 5, "b": [(7 * i) % 20 / 2 for i in range(20)], "label": [0, 1] * 10}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    pd.DataFrame({"label": [1, 0] * 5, "b": np.arange(10) * 9, "a": list("zx") * 5}).to_parquet(
        tmp_path / "v.parquet"
    )
    found = read(
        str(tmp_path / "t.csv"), None, str(tmp_path / "v.parquet"), TrialContext(None, tmp_path)
    )
    assert found.validation is not None
    assert found.train.feature_names == found.validation.feature_names == ("b", "a_x", "a_y", "a_z")
    assert found.validation.y.tolist() == [1, 0] * 5
    pd.DataFrame({"b": [1, 2], "label": [0, 1]}).to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(UserError, match="lacks columns of the training set: a"):
        read(str(tmp_path / "t.csv"), None, str(tmp_path / "w.csv"), TrialContext(None, tmp_path))
