"""Files of the format of MNIST-C and CIFAR-10-C."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loopback_mirror import Mirror, serving

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.corrupted import (
    CIFAR10_C,
    CORRUPTED,
    MNIST_C,
    Cifar10C,
    MnistC,
    published_images,
)

mirror = pytest.fixture(serving)

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (40, 28, 28, 1), dtype=np.uint8)
TEST = RNG.integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
CIFAR = RNG.integers(0, 256, (50, 32, 32, 3), dtype=np.uint8)
CIFAR_LABELS = np.tile(np.arange(10), 5)


def npy(array: np.ndarray) -> bytes:
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


@pytest.fixture
def mnist_c(mirror: Mirror) -> MnistC:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part, images in (("train", TRAIN), ("test", TEST)):
            archive.writestr(f"mnist_c/fog/{part}_images.npy", npy(images))
            archive.writestr(f"mnist_c/fog/{part}_labels.npy", npy(np.arange(len(images)) % 10))
    return replace(MNIST_C, archive=mirror.public("mnist_c.zip", packed.getvalue()))


@pytest.fixture
def cifar10_c(mirror: Mirror) -> Cifar10C:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, array in (("fog", CIFAR), ("labels", CIFAR_LABELS)):
            member = tarfile.TarInfo(f"CIFAR-10-C/{name}.npy")
            member.size = len(npy(array))
            archive.addfile(member, io.BytesIO(npy(array)))
    return replace(CIFAR10_C, archive=mirror.public("CIFAR-10-C.tar", packed.getvalue()))


def test_mnist_c_has_training_and_test_images(mnist_c: MnistC, tmp_path: Path) -> None:
    options = DataOptions(tmp_path)
    assert mnist_c.missing("fog", options) == (
        f"mnist_c.zip from {mnist_c.archive.addresses[0]} would be downloaded to {tmp_path}"
    )
    images = mnist_c.load("fog", None, options)
    assert mnist_c.missing("fog", options) is None
    assert images.training is not None
    assert (images.training.x == TRAIN).all()
    assert images.training.source_index.tolist() == list(range(40))
    assert (images.spare.x == TEST).all()
    assert images.spare.y.tolist() == [i % 10 for i in range(20)]


def test_only_the_folder_stays(mnist_c: MnistC, mirror: Mirror, tmp_path: Path) -> None:
    for _ in range(2):
        mnist_c.load("fog", None, DataOptions(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["mnist_c"]
    assert mirror.requests == {"/mnist_c.zip": 1}


def test_a_broken_archive_leaves_no_folder(mnist_c: MnistC, mirror: Mirror, tmp_path: Path) -> None:
    mirror.broken.add("/mnist_c.zip")
    with pytest.raises(
        UserError, match=r"MNIST-C: .*mnist_c\.zip is missing and the download failed"
    ):
        mnist_c.load("fog", None, DataOptions(tmp_path))
    assert not (tmp_path / "mnist_c").exists()


def test_an_altered_archive_of_the_user_is_not_unpacked(mnist_c: MnistC, tmp_path: Path) -> None:
    (tmp_path / "mnist_c.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"mnist_c\.zip is truncated or altered"):
        mnist_c.load("fog", None, DataOptions(tmp_path))


def test_mnist_c_has_one_severity(mnist_c: MnistC, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="published at one severity only, got severity 3"):
        mnist_c.load("fog", 3, DataOptions(tmp_path))


@pytest.mark.parametrize(("severity", "first"), [(1, 0), (3, 20), (None, 40), (5, 40)])
def test_severities_follow_each_other(
    cifar10_c: Cifar10C, tmp_path: Path, severity: int | None, first: int
) -> None:
    images = cifar10_c.load("fog", severity, DataOptions(tmp_path))
    assert images.training is None
    assert (images.spare.x == CIFAR[first : first + 10]).all()
    assert images.spare.y.tolist() == list(range(10))


@pytest.mark.parametrize("severity", [0, 6])
def test_a_severity_out_of_range(cifar10_c: Cifar10C, tmp_path: Path, severity: int) -> None:
    with pytest.raises(UserError, match=rf"CIFAR-10-C must be in 1\.\.5, got {severity}"):
        cifar10_c.load("fog", severity, DataOptions(tmp_path))


def test_an_unknown_corruption_is_refused_before_any_download(tmp_path: Path) -> None:
    for source in (MNIST_C, CIFAR10_C):
        with pytest.raises(UserError, match=r"unknown corruption of .*-C 'fogg' \(did you mean 'f"):
            source.load("fogg", None, DataOptions(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_corruption_that_the_files_lack(mnist_c: MnistC, tmp_path: Path) -> None:
    mnist_c.load("fog", None, DataOptions(tmp_path))
    with pytest.raises(UserError, match=r"stripe/train_images\.npy is missing; it is part of http"):
        mnist_c.load("stripe", None, DataOptions(tmp_path))


def test_a_truncated_array_is_named(mnist_c: MnistC, tmp_path: Path) -> None:
    mnist_c.load("fog", None, DataOptions(tmp_path))
    path = tmp_path / "mnist_c/fog/train_images.npy"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match=r"train_images\.npy is truncated or altered"):
        mnist_c.load("fog", None, DataOptions(tmp_path))


def test_images_without_labels_are_refused(mnist_c: MnistC, tmp_path: Path) -> None:
    mnist_c.load("fog", None, DataOptions(tmp_path))
    np.save(tmp_path / "mnist_c/fog/test_labels.npy", np.arange(3))
    with pytest.raises(UserError, match="must be uint8 images, one for each label"):
        mnist_c.load("fog", None, DataOptions(tmp_path))


def test_the_sets_are_found_by_the_dataset_that_they_corrupt(tmp_path: Path) -> None:
    assert CORRUPTED["mnist"] is MNIST_C
    assert CORRUPTED["cifar10"] is CIFAR10_C
    with pytest.raises(UserError, match="unknown dataset with published corruptions 'digits'"):
        published_images("digits", DataOptions(tmp_path), "fog", None)
