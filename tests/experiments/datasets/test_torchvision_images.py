"""MNIST's file format, on files of our own, and the real ones where they are at hand."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from loopback_mirror import Mirror, serving

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.base import DataOptions
from experiments.datasets.torchvision_images import (
    FASHION_MNIST,
    MNIST,
    TEST_PARTS,
    IdxImages,
)

mirror = pytest.fixture(serving)

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.arange(30, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    """The array as a gzipped idx file of unsigned bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


@pytest.fixture
def source(mirror: Mirror) -> IdxImages:
    return IdxImages(
        name="toy",
        images=mirror.public("images.gz", idx(IMAGES), "MNIST/raw/images.gz"),
        labels=mirror.public("labels.gz", idx(LABELS), "MNIST/raw/labels.gz"),
        class_names=tuple(map(str, range(10))),
        foreign=None,
    )


def test_images_are_fetched_and_read(source: IdxImages, mirror: Mirror, tmp_path: Path) -> None:
    options = DataOptions(tmp_path)
    missing = source.missing(options)
    assert missing is not None
    assert "MNIST/raw/images.gz" in missing
    assert "MNIST/raw/labels.gz" in missing
    assert not mirror.requests
    data = source.load(options)
    assert source.missing(options) is None
    assert (data.x == IMAGES[..., None]).all()
    assert data.x.dtype == np.uint8
    assert (data.y == LABELS).all()
    assert data.y.dtype == np.int64
    assert data.source_index.tolist() == list(range(30))


def test_nothing_is_unpacked_beside_the_files(source: IdxImages, tmp_path: Path) -> None:
    source.load(DataOptions(tmp_path))
    found = [path.name for path in (tmp_path / "MNIST/raw").iterdir()]
    assert sorted(name for name in found if not name.startswith(".")) == ["images.gz", "labels.gz"]


@pytest.mark.parametrize("file", ["images.gz", "labels.gz"])
def test_a_truncated_file_is_named(source: IdxImages, tmp_path: Path, file: str) -> None:
    source.load(DataOptions(tmp_path))
    path = tmp_path / "MNIST/raw" / file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError) as error:
        source.load(DataOptions(tmp_path))
    assert str(path) in str(error.value)
    assert "download it again from http://127.0.0.1" in str(error.value)


def test_the_registered_sets_use_the_published_names_and_checksums() -> None:
    assert MNIST.images.path == "MNIST/raw/train-images-idx3-ubyte.gz"
    assert MNIST.images.checksum == "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873"
    assert FASHION_MNIST.labels.path == "FashionMNIST/raw/train-labels-idx1-ubyte.gz"
    assert FASHION_MNIST.labels.checksum == "md5:25c81989df183df01b3e8a0aad5dffbe"
    assert (MNIST.foreign, FASHION_MNIST.foreign) == ("fashion_mnist", "mnist")


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_real_files(name: str) -> None:
    data = DATASETS[name].load(DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))
    assert data.x.shape == (60_000, 28, 28, 1)
    assert abs(np.bincount(data.y).max() - 6000) < 800
    first = {"mnist": 5, "fashion_mnist": 9}
    assert data.y[0] == first[name]


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
@pytest.mark.parametrize("name", TEST_PARTS)
def test_the_real_test_parts(name: str) -> None:
    data = TEST_PARTS[name].load(DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))
    assert data.x.shape == (10_000, 28, 28, 1)
    assert data.class_names == getattr(DATASETS[name], "class_names")  # noqa: B009 - of these sources
