"""Names and paths of datasets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from user_files import csv, folder_of

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import canonical_dataset, source_for
from experiments.datasets.user import tables
from experiments.datasets.user.delimited_text import DelimitedText, read_delimited


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with arrays in it; the working directory is another one."""
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    np.savez(root / "own.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
    return root


def test_a_registered_name() -> None:
    assert source_for("digits", None) is DATASETS["digits"]


def test_paths_absolute_and_relative_to_the_data_root(data_root: Path) -> None:
    for text in (str(data_root / "own.npz"), "own.npz"):
        assert source_for(text, data_root).modality == "tabular"


def test_a_data_root_in_the_environment_is_not_used(
    data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_DATA_ROOT", str(data_root))
    with pytest.raises(UserError, match=r"own\.npz"):
        source_for("own.npz", None)


def test_the_working_directory_goes_first(data_root: Path) -> None:
    np.savez("own.npz", x=np.zeros((4, 2, 2)), y=[0, 1, 0, 1])
    assert source_for("own.npz", data_root).modality == "image"


def test_canonical_texts(data_root: Path) -> None:
    assert canonical_dataset("digits") == "digits"
    assert canonical_dataset("own.npz") == "own.npz"
    np.savez("mine.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
    assert canonical_dataset("mine.npz") == str(Path.cwd() / "mine.npz")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("digit", ["unknown dataset 'digit' (did you mean 'digits'?)"]),
        ("other.npz", ["'other.npz'", "elsewhere", "root"]),
        ("folder/own", ["'folder/own'", "elsewhere", "root"]),
        (".", [".npz", ".csv", ".parquet"]),
    ],
)
def test_missing_data_is_one_line(data_root: Path, text: str, facts: list[str]) -> None:
    with pytest.raises(UserError) as error:
        source_for(text, data_root)
    message = str(error.value)
    assert all(fact in message for fact in facts)
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["tabular", "image"])
def test_a_text_file_is_read_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, "a")
    cells = [f"a/{i}.png" if kind == "image" else f"{i}" for i in range(3)]
    path = csv(tmp_path / "t.csv", "file,label", *(f"{cell},{y}" for cell in cells for y in "xy"))
    read: list[Path] = []

    def counted(place: Path) -> DelimitedText:
        read.append(place)
        return read_delimited(place)

    monkeypatch.setattr(tables, "read_delimited", counted)
    data = source_for(str(path), None).load(DataOptions())
    assert data.modality == kind
    assert read == [path]
