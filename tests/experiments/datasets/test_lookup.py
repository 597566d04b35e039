"""Names and paths of datasets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.lookup import canonical_dataset, source_for


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with own arrays in it; the working directory is another."""
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("INFLUENCE_DATA_ROOT", str(root))
    np.savez(root / "own.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
    return root


def test_a_registered_name() -> None:
    assert source_for("digits") is DATASETS["digits"]


def test_paths_absolute_and_below_the_data_root(data_root: Path) -> None:
    for text in (str(data_root / "own.npz"), "own.npz"):
        assert source_for(text).modality == "tabular"


def test_the_working_directory_goes_first(data_root: Path) -> None:
    np.savez("own.npz", x=np.zeros((4, 2, 2)), y=[0, 1, 0, 1])
    assert source_for("own.npz").modality == "image"


def test_canonical_texts(data_root: Path) -> None:
    assert canonical_dataset("digits") == "digits"
    assert canonical_dataset("own.npz") == "own.npz"
    np.savez("mine.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
    assert canonical_dataset("mine.npz") == str(Path.cwd() / "mine.npz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("digit", "unknown dataset 'digit' (did you mean 'digits'?)"),
        ("other.npz", "own data 'other.npz' is not there; looked in "),
        ("folder/own", "own data 'folder/own' is not there; looked in "),
        (".", "must be an .npz, .csv or .parquet file, or a folder of"),
    ],
)
def test_what_is_not_there(data_root: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        source_for(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
