"""The repaired copy has the form of its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_wine

from common.errors import UserError
from experiments.audit.input.data import read
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import Decisions
from experiments.repair.rewrite import Repaired, target_of, write_repaired
from experiments.training.context import TrialContext


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """178 rows of wine as a CSV file with the label column ``kind``."""
    wine = load_wine(as_frame=True)
    names = np.array(["red", "<b>white", "rosé, dry"])
    path = tmp_path / "wine.csv"
    wine.data.assign(kind=names[wine.target]).to_csv(path, index=False)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three classes of 20 grey images."""
    for number in range(60):
        folder = tmp_path / "images" / f"class {number // 20}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 4 * number, np.uint8)).save(folder / f"{number:02}.png")
    return tmp_path / "images"


DECISIONS = Decisions(np.array([0, 1]), np.array([2, 0]), np.array([3]))


def repaired(path: Path, label: str | None, out: Path) -> Path:
    data = read(str(path), label, None, TrialContext(None, out)).train
    kept, labels = DECISIONS.apply(data.y)
    source = source_for(str(path), None)
    return write_repaired(source, Repaired(data, label, kept, labels), target_of(source, out))


def test_a_table_keeps_its_form(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    changed = pd.read_csv(repaired(table, "kind", tmp_path))
    given = pd.read_csv(table)
    assert table.read_bytes() == before
    assert list(changed.columns) == list(given.columns)
    assert len(changed) == len(given) - 1
    names = sorted(given["kind"].unique())
    assert changed["kind"][:2].tolist() == [names[2], names[0]]
    assert changed.iloc[3:]["ash"].tolist() == given.iloc[4:]["ash"].tolist()


@pytest.mark.parametrize("y", [np.arange(30) % 3 + 5, np.array(["p", "q", "r"])[np.arange(30) % 3]])
def test_arrays_keep_their_form(y: np.ndarray, tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((30, 4))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with np.load(repaired(tmp_path / "a.npz", None, tmp_path), allow_pickle=False) as stored:
        assert (stored["x"] == np.delete(x, 3, axis=0)).all()
        assert stored["y"][:3].tolist() == [y[2], y[0], y[2]]
        assert stored["y"].dtype == y.dtype


def test_images_move_to_the_folder_of_their_new_label(images: Path, tmp_path: Path) -> None:
    root = repaired(images, None, tmp_path)
    files = source_for(str(images), None).image_paths()
    names = sorted(folder.name for folder in images.iterdir())
    assert (root / names[2] / files[0].name).read_bytes() == files[0].read_bytes()
    assert not (root / files[3].relative_to(images)).exists()
    assert sum(1 for file in root.rglob("*") if file.is_file()) == 59
    with pytest.raises(UserError, match="exists already"):
        repaired(images, None, tmp_path)


def test_listed_images_get_a_new_list(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / f"{i} ä.png")
        rows.append(f"{i} ä.png,{'abc'[i % 3]}")
    (tmp_path / "list.csv").write_text("\n".join(["file,label", *rows]))
    out = tmp_path / "out"
    out.mkdir()
    changed = pd.read_csv(repaired(tmp_path / "list.csv", None, out))
    assert changed["label"][:3].tolist() == ["c", "a", "c"]
    assert (out / "repaired" / "11 ä.png").exists()
    assert not (out / "repaired" / "3 ä.png").exists()
