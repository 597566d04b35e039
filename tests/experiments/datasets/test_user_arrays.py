"""The user's own arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for

TABLE = np.arange(12.0).reshape(6, 2)
GREY = np.arange(6 * 4 * 5).reshape(6, 4, 5)
Y = np.array([3, 1, 1, 3, 1, 3])


def load(
    folder: Path, label: str | None = None, glitch: str | None = None, **arrays: np.ndarray
) -> Dataset:
    path = folder / "own.npz"
    np.savez(path, allow_pickle=True, **arrays)
    return source_for(str(path), None).load(DataOptions(None, label, glitch))


def test_a_table(tmp_path: Path) -> None:
    data = load(tmp_path, x=TABLE, y=Y)
    assert data.modality == "tabular"
    assert data.x.dtype == np.float32
    assert (data.x == TABLE).all()
    assert data.y.tolist() == [1, 0, 0, 1, 0, 1]
    assert data.class_names == ("1", "3")


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images(tmp_path: Path, channels: tuple[int, ...]) -> None:
    x = np.broadcast_to(GREY[(...,) + (None,) * len(channels)], (6, 4, 5, *channels))
    data = load(tmp_path, x=x, y=Y)
    assert data.modality == "image"
    assert data.x.dtype == np.uint8
    assert data.x.shape == (6, 4, 5, *(channels or (1,)))
    assert (data.x == GREY[..., None]).all()


def test_the_training_part_where_there_are_parts(tmp_path: Path) -> None:
    data = load(tmp_path, x_train=TABLE, y_train=Y, x_test=TABLE[:2], y_test=Y[:2])
    assert len(data) == 6


def test_labels_and_marks_by_name(tmp_path: Path) -> None:
    marks = np.array([0, 1, 0, 0, 0, 0])
    data = load(tmp_path, "kind", "bad", x=TABLE, kind=np.array(list("abbaba")), bad=marks)
    assert data.class_names == ("a", "b")
    assert data.known_glitch is not None
    assert data.known_glitch.tolist() == marks.astype(bool).tolist()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": TABLE, "b": Y}, "must have x and y, or x_train and y_train, got a, b"),
        ({"x": TABLE, "b": Y}, "lacks 'y'; it has x, b"),
        ({"x": Y, "y": Y}, "must be a table (n, d) or images"),
        ({"x": TABLE, "y": Y[:3]}, "'y' must have one value for each of 6 rows, got (3,)"),
        ({"x": GREY[..., None].repeat(2, 3), "y": Y}, "must have 1 or 3 channels, last"),
        ({"x": GREY / 255, "y": Y}, "whole numbers from 0 to 255, got float64 from 0.0 to"),
        ({"x": GREY * 3, "y": Y}, "whole numbers from 0 to 255, got int64 from 0 to 357"),
        ({"x": TABLE.astype(str), "y": Y}, "must be numbers of shape (n, d), got <U"),
        (
            {"x": np.where(TABLE == 3, np.nan, TABLE), "y": Y},
            "must be finite, got nan in row 1, column 1",
        ),
        (
            {"x": np.where(TABLE == 1, np.inf, TABLE), "y": Y},
            "must be finite, got inf in row 0, column 1",
        ),
        ({"x": TABLE, "y": Y * 0}, "'y' must have at least 2 classes, got only '0'"),
        ({"x": TABLE, "y": Y.astype(object)}, "holds Python objects"),
    ],
)
def test_arrays_that_will_not_do(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, **arrays)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert "own.npz" in str(error.value)


@pytest.mark.parametrize("kept", [0, 10, 200])
def test_a_broken_file_is_named(tmp_path: Path, kept: int) -> None:
    load(tmp_path, x=TABLE, y=Y)
    path = tmp_path / "own.npz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"own\.npz cannot be read"):
        source_for(str(path), None).load(DataOptions())


def test_a_folder_of_parts(tmp_path: Path) -> None:
    for part, rows in (("val", [0, 1, 2]), ("test", [3, 4, 5])):
        np.save(tmp_path / f"N_{part}.npy", TABLE[rows].astype(np.float32))
        np.save(tmp_path / f"C_{part}.npy", np.array([["u"], ["v"], ["u"]]))
        np.save(tmp_path / f"y_{part}.npy", Y[rows])
    np.save(tmp_path / "y_train.npy", Y)
    data = source_for(str(tmp_path), None).load(DataOptions())
    assert data.feature_names == ("N0", "N1", "C0_u", "C0_v")
    assert (data.x[:, :2] == TABLE).all()
    assert data.x[:, 2].tolist() == [1, 0, 1] * 2
    assert data.y.tolist() == [1, 0, 0, 1, 0, 1]


def test_parts_of_unequal_length_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "N_val.npy", TABLE)
    np.save(tmp_path / "y_val.npy", Y[:3])
    with pytest.raises(UserError, match=r"got \(6, 2\) and \(3,\)"):
        source_for(str(tmp_path), None).load(DataOptions())


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
def test_the_data_root_at_hand() -> None:
    root = Path(os.environ["INFLUENCE_DATA_ROOT"])
    images = source_for("cifar10_part.npz", root).load(DataOptions())
    assert images.x.shape == (20_000, 32, 32, 3)
    assert images.n_classes == 10
    rows = source_for("./jannis", root).load(DataOptions())
    assert rows.x.shape == (30_145, 54)
    assert rows.n_classes == 4
