"""LIBSVM's files, on small ones."""

from __future__ import annotations

import bz2
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loopback_mirror import Mirror, serving

from common.errors import UserError
from experiments.datasets import DATASETS, epsilon
from experiments.datasets.base import DataOptions
from experiments.datasets.epsilon import EPSILON, Epsilon

mirror = pytest.fixture(serving)

TABLE = np.random.default_rng(0).normal(size=(12, 5)).round(4)
LABELS = np.tile([1, -1], 6)


def libsvm(rows: slice) -> bytes:
    lines = [
        " ".join([str(label), *(f"{j}:{value}" for j, value in enumerate(row, 1) if value)])
        for row, label in zip(TABLE[rows], LABELS[rows], strict=True)
    ]
    return bz2.compress(("\n".join(lines) + "\n").encode())


@pytest.fixture
def source(mirror: Mirror) -> Epsilon:
    """Seven training rows and five test rows."""
    files = (
        mirror.public("train.bz2", libsvm(slice(7)), "epsilon/train.bz2"),
        mirror.public("test.bz2", libsvm(slice(7, 12)), "epsilon/test.bz2"),
    )
    return replace(EPSILON, files=files, n_features=5)


@pytest.fixture(params=["cached", "uncached"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> DataOptions:
    cache = tmp_path / "cache" if request.param == "cached" else None
    return DataOptions(tmp_path / "root", cache=cache)


@pytest.mark.parametrize("chunk", [1, 4, 2000])
def test_the_files_follow_each_other(
    source: Epsilon, options: DataOptions, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epsilon, "CHUNK", chunk)
    data = source.load(options)
    assert data.x.dtype == np.float32
    assert data.x == pytest.approx(TABLE)
    assert data.class_names == ("-1", "1")
    assert data.y.tolist() == [1, 0] * 6
    assert data.source_index.tolist() == list(range(12))


def test_the_samples_are_mapped_not_held(source: Epsilon, options: DataOptions) -> None:
    assert isinstance(source.load(options).x, np.memmap)


def test_a_cached_table_is_parsed_once(
    source: Epsilon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = DataOptions(tmp_path / "root", cache=tmp_path / "cache")
    first = source.load(options)
    monkeypatch.setattr(Epsilon, "_chunks", None)
    again = source.load(options)
    assert again.digest == first.digest
    (kept,) = (tmp_path / "cache/datasets").glob("epsilon-*")
    assert sorted(path.name for path in kept.iterdir()) == ["labels.npy", "samples"]


def test_other_files_are_parsed_anew(source: Epsilon, tmp_path: Path) -> None:
    options = DataOptions(tmp_path / "root", cache=tmp_path / "cache")
    source.load(options)
    (tmp_path / "root/epsilon/test.bz2").write_bytes(libsvm(slice(7, 9)))
    assert len(source.load(options)) == 9


def test_a_truncated_file_is_named_and_nothing_is_kept(
    source: Epsilon, options: DataOptions, tmp_path: Path
) -> None:
    path = tmp_path / "root/epsilon/train.bz2"
    path.parent.mkdir(parents=True)
    path.write_bytes(libsvm(slice(7))[:-8])
    with pytest.raises(UserError, match=r"train\.bz2 is truncated or altered \(Compressed file"):
        source.load(options)
    assert list(tmp_path.glob("cache/datasets/epsilon*")) == []


@pytest.mark.parametrize("line", [b"1 1:a\n", b"1 9:0.5\n", b"x 1:0.5\n"])
def test_a_malformed_file_is_named(
    source: Epsilon, options: DataOptions, tmp_path: Path, line: bytes
) -> None:
    path = tmp_path / "root/epsilon/train.bz2"
    path.parent.mkdir(parents=True)
    path.write_bytes(bz2.compress(line))
    with pytest.raises(UserError, match=r"train\.bz2 is truncated or altered"):
        source.load(options)


def test_missing_files_are_named(source: Epsilon, tmp_path: Path) -> None:
    missing = source.missing(DataOptions(tmp_path))
    assert missing is not None
    assert "epsilon/train.bz2 from http" in missing
    assert "epsilon/test.bz2 from http" in missing


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
def test_the_rows_at_hand_are_unit_vectors() -> None:
    data = DATASETS["epsilon"].load(DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))
    assert data.x.shape[1] == 2000
    assert np.linalg.norm(data.x, axis=1) == pytest.approx(1, abs=1e-4)
