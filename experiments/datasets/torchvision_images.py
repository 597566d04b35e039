"""MNIST and Fashion-MNIST: the published training parts, and the test parts as reference sets, with
torchvision's URLs, checksums and readers."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from torch import Tensor
from torchvision.datasets import MNIST as TORCHVISION_MNIST
from torchvision.datasets import FashionMNIST
from torchvision.datasets.mnist import read_image_file, read_label_file

from common.dataset import Dataset, Modality
from experiments.datasets.base import DataOptions
from experiments.datasets.download import PublicFile, check_unaltered, fetched, missing_files


@dataclass(frozen=True)
class IdxImages:
    """Greyscale images and their labels, in two gzipped idx files below the data root.

    Nothing is extracted next to the files, so the data root may be read-only.
    """

    name: str
    images: PublicFile
    labels: PublicFile
    class_names: tuple[str, ...]
    foreign: str | None
    modality: Modality = "image"
    subset: float = 0.1

    def missing(self, options: DataOptions) -> str | None:
        """Those of the two files that do not exist."""
        return missing_files(options.data_root, [self.images, self.labels])

    def load(self, options: DataOptions) -> Dataset:
        """All images; ``source_index`` is the position in the file."""
        images = self._read(self.images, read_image_file, options.data_root)
        labels = self._read(self.labels, read_label_file, options.data_root)
        return Dataset(
            name=self.name,
            modality=self.modality,
            x=images.numpy()[..., None],
            y=labels.numpy().astype(np.int64),
            class_names=self.class_names,
            source_index=np.arange(len(labels)),
        )

    def _read(
        self, file: PublicFile, reader: Callable[[str], Tensor], data_root: Path | None
    ) -> Tensor:
        path = fetched(self.name, file, data_root)
        check_unaltered(self.name, path, file)
        with gzip.open(path) as packed, NamedTemporaryFile() as unpacked:
            shutil.copyfileobj(packed, unpacked)
            unpacked.flush()
            return reader(unpacked.name)


def _public(dataset: type[TORCHVISION_MNIST], file: str) -> PublicFile:
    addresses = tuple(mirror + file for mirror in dataset.mirrors)
    checksum = dict(dataset.resources)[file]
    return PublicFile(f"{dataset.__name__}/raw/{file}", addresses, f"md5:{checksum}")


MNIST = IdxImages(
    name="mnist",
    images=_public(TORCHVISION_MNIST, "train-images-idx3-ubyte.gz"),
    labels=_public(TORCHVISION_MNIST, "train-labels-idx1-ubyte.gz"),
    class_names=tuple(map(str, range(10))),
    foreign="fashion_mnist",
)
FASHION_MNIST = IdxImages(
    name="fashion_mnist",
    images=_public(FashionMNIST, "train-images-idx3-ubyte.gz"),
    labels=_public(FashionMNIST, "train-labels-idx1-ubyte.gz"),
    class_names=tuple(FashionMNIST.classes),
    foreign="mnist",
)


def _test_part(training: IdxImages, dataset: type[TORCHVISION_MNIST]) -> IdxImages:
    return replace(
        training,
        name=f"{training.name}_test",
        images=_public(dataset, "t10k-images-idx3-ubyte.gz"),
        labels=_public(dataset, "t10k-labels-idx1-ubyte.gz"),
    )


TEST_PARTS = {
    MNIST.name: _test_part(MNIST, TORCHVISION_MNIST),
    FASHION_MNIST.name: _test_part(FASHION_MNIST, FashionMNIST),
}
"""The 10,000 published test images, by the name of the training part."""
