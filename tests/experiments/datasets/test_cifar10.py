"""CIFAR-10's file format, on small batches."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from loopback_mirror import Mirror, serving
from torchvision.datasets import CIFAR10 as TORCHVISION_CIFAR10

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.cifar10 import CIFAR10, Cifar10

mirror = pytest.fixture(serving)

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
NAMES = ["airplane", "automobile"]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def source(mirror: Mirror) -> Cifar10:
    """Two training batches and a test batch of five images."""
    files = {"batches.meta": pickle.dumps({"label_names": NAMES})}
    for i, name in enumerate(("data_batch_1", "data_batch_2", "test_batch")):
        images = IMAGES[5 * (i % 2) : 5 * (i % 2) + 5]
        rows = images.transpose(0, 3, 1, 2).reshape(5, -1)
        files[name] = pickle.dumps({"data": rows, "labels": [0, 1, 0, 1, i % 2]})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    served = mirror.public("cifar-10-python.tar.gz", packed.getvalue())

    class Small(TORCHVISION_CIFAR10):  # type: ignore[misc]  # torchvision has no types
        url = served.addresses[0]
        tgz_md5 = served.checksum.removeprefix("md5:")
        train_list: ClassVar = [
            [name, md5(files[name])] for name in ("data_batch_1", "data_batch_2")
        ]
        test_list: ClassVar = [["test_batch", md5(files["test_batch"])]]
        meta: ClassVar = {
            "filename": "batches.meta",
            "key": "label_names",
            "md5": md5(files["batches.meta"]),
        }

    return replace(CIFAR10, reader=Small)


def test_the_archive_is_fetched_and_read(source: Cifar10, mirror: Mirror, tmp_path: Path) -> None:
    options = DataOptions(tmp_path)
    assert source.missing(options) == (
        f"cifar-10-python.tar.gz from {source.archive.addresses[0]} would be downloaded to "
        f"{tmp_path}"
    )
    for _ in range(2):
        data = source.load(options)
    assert mirror.requests == {"/cifar-10-python.tar.gz": 1}
    assert source.missing(options) is None
    assert (data.x == IMAGES).all()
    assert data.y.tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 1, 1]
    assert data.class_names == tuple(NAMES)


def test_an_archive_of_the_user_stays(source: Cifar10, mirror: Mirror, tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(mirror.files["/cifar-10-python.tar.gz"])
    source.load(DataOptions(tmp_path))
    assert archive.exists()
    assert not mirror.requests


def test_an_altered_batch_is_never_unpickled(source: Cifar10, tmp_path: Path) -> None:
    source.load(DataOptions(tmp_path))
    marker = tmp_path / "unpickled"
    batch = tmp_path / "cifar-10-batches-py/data_batch_2"
    batch.write_bytes(b"cpathlib\nPath\n(V%sttRctouch\n." % str(marker).encode())
    with pytest.raises(UserError, match=r"a batch in .* is missing, truncated or altered"):
        source.load(DataOptions(tmp_path))
    assert not marker.exists()


def test_the_registered_set_is_the_published_one() -> None:
    assert CIFAR10.archive.checksum == "md5:c58f30108f718f92721af3b95e74349a"
    assert CIFAR10.foreign == "fashion_mnist"
