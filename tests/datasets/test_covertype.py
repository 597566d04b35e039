"""Forest Cover, as scikit-learn stores it."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
import numpy as np
import pytest

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
        f"covertype/samples_py3 from scikit-learn's fetch_covtype would go to {root}"
    )
    assert "none is given" in str(COVERTYPE.missing(DataOptions()))
    with pytest.raises(UserError, match="covertype needs a data root"):
        COVERTYPE.load(DataOptions())


def test_a_truncated_file_is_named(root: Path) -> None:
    path = root / "covertype/samples_py3"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"covertype: .*covertype is missing, truncated or altered"):
        COVERTYPE.load(DataOptions(root))


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
def test_the_real_table() -> None:
    data = COVERTYPE.load(DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))
    assert data.x.shape == (581_012, 54)
    assert np.bincount(data.y).tolist() == [211840, 283301, 35754, 2747, 9493, 17367, 20510]
