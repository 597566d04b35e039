"""CIFAR-10 through torchvision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torchvision.datasets import CIFAR10 as TORCHVISION_CIFAR10

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.download import PublicFile, fetched_folder, missing_folder, required_root


@dataclass(frozen=True)
class Cifar10:
    """The published training part, 50,000 images of 32 × 32, or the 10,000 test images.

    torchvision verifies the published MD5 of each pickled batch before it reads it.

    Attributes:
        training: whether the training part is read.
    """

    training: bool = True
    reader: type[TORCHVISION_CIFAR10] = TORCHVISION_CIFAR10
    modality: Modality = "image"
    subset: float = 0.1
    foreign: str | None = "fashion_mnist"

    @property
    def archive(self) -> PublicFile:
        """The published archive."""
        return PublicFile(self.reader.filename, (self.reader.url,), f"md5:{self.reader.tgz_md5}")

    def missing(self, options: DataOptions) -> str | None:
        """The archive, if the folder of batches does not exist."""
        return missing_folder(options.data_root, self.reader.base_folder, self.archive)

    def load(self, options: DataOptions) -> Dataset:
        """All images of the part in the order of the batches."""
        root = required_root("cifar10", options.data_root)
        folder = fetched_folder("cifar10", self.archive, self.reader.base_folder, root)
        try:
            published = self.reader(str(root), train=self.training)
        except RuntimeError as error:  # what torchvision raises for a wrong or missing batch
            raise UserError(
                f"cifar10: a batch in {folder} is missing, truncated or altered; delete the folder "
                f"to download it again from {self.reader.url}"
            ) from error
        return Dataset(
            name="cifar10",
            modality=self.modality,
            x=published.data,
            y=np.asarray(published.targets, np.int64),
            class_names=tuple(published.classes),
            source_index=np.arange(len(published.targets)),
        )


CIFAR10 = Cifar10()
