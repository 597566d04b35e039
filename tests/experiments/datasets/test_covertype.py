"""Forest Cover, as scikit-learn stores it."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import fetch_covtype

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.covertype import COVERTYPE


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with a small table in scikit-learn's format."""
    folder = tmp_path / "covertype"
    folder.mkdir()
    rng = np.random.default_rng(0)
    joblib.dump(rng.normal(size=(21, 54)), folder / "samples_py3", compress=9)
    joblib.dump(np.arange(21, dtype=np.int32) % 7 + 1, folder / "targets_py3", compress=9)
    return tmp_path


def test_the_table(root: Path) -> None:
    data = COVERTYPE.load(DataOptions(root))
    assert COVERTYPE.missing(DataOptions(root)) is None
    assert data.x.shape == (21, 54)
    assert data.x.dtype == np.float32
    assert data.y.tolist() == [*range(7)] * 3
    assert len(data.feature_names) == 54


def test_missing_files_are_named(root: Path) -> None:
    (root / "covertype/samples_py3").unlink()
    assert COVERTYPE.missing(DataOptions(root)) == (
        f"covertype/samples_py3 from fetch_covtype would be downloaded to {root}"
    )
    assert "none is given" in str(COVERTYPE.missing(DataOptions()))
    with pytest.raises(UserError, match="covertype needs a data root"):
        COVERTYPE.load(DataOptions())


def test_a_truncated_file_is_named(root: Path) -> None:
    path = root / "covertype/samples_py3"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"covertype: .*covertype is missing, truncated or altered"):
        COVERTYPE.load(DataOptions(root))


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("inside", ["alone", "in an array"])
def test_what_is_no_array_of_numbers_is_never_run(root: Path, tmp_path: Path, inside: str) -> None:
    marker = tmp_path / "run"
    stored: object = Payload(marker)
    if inside == "in an array":
        stored = np.array([stored], object)
    path = root / "covertype/samples_py3"
    joblib.dump(stored, path, compress=9)
    with pytest.raises(UserError, match="covertype is missing, truncated or altered"):
        COVERTYPE.load(DataOptions(root))
    assert not marker.exists()
    joblib.load(path)
    assert marker.exists()  # the payload is a real one


@pytest.mark.parametrize("content", [b"", b"x", zlib.compress(b""), zlib.compress(b"no pickle")])
def test_other_bytes_are_named(root: Path, content: bytes) -> None:
    (root / "covertype/targets_py3").write_bytes(content)
    with pytest.raises(UserError, match="targets_py3"):
        COVERTYPE.load(DataOptions(root))


def test_the_names_of_features_are_scikit_learns(root: Path) -> None:
    data = COVERTYPE.load(DataOptions(root))
    assert list(data.feature_names) == fetch_covtype(data_home=root).feature_names


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
def test_the_real_table() -> None:
    data = COVERTYPE.load(DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))
    assert data.x.shape == (581_012, 54)
    assert np.bincount(data.y).tolist() == [211840, 283301, 35754, 2747, 9493, 17367, 20510]
