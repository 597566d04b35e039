"""Published corrupted images: MNIST-C (Mu and Gilmer 2019) and CIFAR-10-C (Hendrycks and
Dietterich 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError, unknown_name
from common.registry import Registry
from experiments.datasets.base import DataOptions
from experiments.datasets.download import PublicFile, fetched_folder, missing_folder, required_root
from glitches.base import Corrupted

N_CLASSES = 10


class CorruptedSource(Protocol):
    """Corrupted images of one dataset."""

    def missing(self, corruption: str, options: DataOptions) -> str | None:
        """What is missing to load them without a download; ``None`` if nothing is."""
        ...

    def load(self, corruption: str, severity: int | None, options: DataOptions) -> Corrupted:
        """The images of one corruption; ``UserError`` if the files do not contain it."""
        ...


CORRUPTED: Registry[CorruptedSource] = Registry(
    "dataset with published corruptions",
    {
        "mnist": "experiments.datasets.corrupted:MNIST_C",
        "cifar10": "experiments.datasets.corrupted:CIFAR10_C",
    },
)


@dataclass(frozen=True)
class CorruptedFolder:
    """A folder of ``.npy`` files below the data root, and the archive that contains it.

    Attributes:
        name: name of the published dataset.
        folder: name of the folder, also in the archive.
        archive: where to download it.
        corruptions: published names of the corruptions.
    """

    name: str
    folder: str
    archive: PublicFile
    corruptions: tuple[str, ...]

    def missing(self, corruption: str, options: DataOptions) -> str | None:
        """The archive, if the folder does not exist."""
        self._check_name(corruption)
        return missing_folder(options.data_root, self.folder, self.archive)

    def _check_name(self, corruption: str) -> None:
        if corruption not in self.corruptions:
            raise unknown_name(f"corruption of {self.name}", corruption, self.corruptions)

    def _array(self, file: str, options: DataOptions) -> NDArray[np.generic]:
        root = required_root(self.name, options.data_root)
        path = fetched_folder(self.name, self.archive, self.folder, root) / file
        if not path.exists():
            raise UserError(
                f"{self.name}: {path} is missing; it is part of {self.archive.addresses[0]}"
            )
        try:
            array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (EOFError, OSError, ValueError) as error:
            raise UserError(f"{self.name}: {path} is truncated or altered ({error})") from error
        return array

    def _images(
        self, images: str, labels: str, options: DataOptions, part: slice = slice(None)
    ) -> Dataset:
        x, y = self._array(images, options), self._array(labels, options)
        if len(x) != len(y) or x.dtype != np.uint8:
            raise UserError(
                f"{self.name}: {images} must be uint8 images, one for each label in {labels}, "
                f"got {x.dtype} {x.shape} and {y.shape}"
            )
        pixels = x[part] if x.ndim == 4 else x[part][..., None]
        return Dataset(
            name=f"{self.name}/{images}",
            modality="image",
            x=pixels,
            y=np.asarray(y[part], np.int64),
            class_names=tuple(map(str, range(N_CLASSES))),
            source_index=np.arange(len(pixels)),
        )


@dataclass(frozen=True)
class MnistC(CorruptedFolder):
    """``<corruption>/{train,test}_{images,labels}.npy``: both parts, one severity."""

    def load(self, corruption: str, severity: int | None, options: DataOptions) -> Corrupted:
        """Corrupted training and test images."""
        self._check_name(corruption)
        if severity is not None:
            raise UserError(
                f"{self.name} is published at one severity only, got severity {severity}"
            )
        train, test = (
            self._images(
                f"{corruption}/{part}_images.npy", f"{corruption}/{part}_labels.npy", options
            )
            for part in ("train", "test")
        )
        return Corrupted(training=train, spare=test)


@dataclass(frozen=True)
class Cifar10C(CorruptedFolder):
    """``<corruption>.npy`` and ``labels.npy``: the test images at severities 1 to 5, in order."""

    severities: int = 5

    def load(self, corruption: str, severity: int | None, options: DataOptions) -> Corrupted:
        """Corrupted test images; by default at the highest severity."""
        self._check_name(corruption)
        level = self.severities if severity is None else severity
        if not 1 <= level <= self.severities:
            raise UserError(f"severity of {self.name} must be in 1..{self.severities}, got {level}")
        images = len(self._array("labels.npy", options)) // self.severities
        part = slice((level - 1) * images, level * images)
        spare = self._images(f"{corruption}.npy", "labels.npy", options, part)
        return Corrupted(training=None, spare=spare)


def published_images(
    dataset: str, options: DataOptions, corruption: str, severity: int | None
) -> Corrupted:
    """The published corrupted images of a dataset.

    Raises ``UserError`` if none are published, or not with this corruption or severity.
    """
    return CORRUPTED[dataset].load(corruption, severity, options)


MNIST_C = MnistC(
    name="MNIST-C",
    folder="mnist_c",
    archive=PublicFile(
        "mnist_c.zip",
        ("https://zenodo.org/record/3239543/files/mnist_c.zip",),
        "sha256:af9ee8c6a815870c7fdde5af84c7bf8db0bcfa1f41056db83871037fba70e493",
    ),
    corruptions=(
        "shot_noise",
        "impulse_noise",
        "glass_blur",
        "motion_blur",
        "shear",
        "scale",
        "rotate",
        "brightness",
        "translate",
        "stripe",
        "fog",
        "spatter",
        "dotted_line",
        "zigzag",
        "canny_edges",
    ),
)
CIFAR10_C = Cifar10C(
    name="CIFAR-10-C",
    folder="CIFAR-10-C",
    archive=PublicFile(
        "CIFAR-10-C.tar",
        ("https://zenodo.org/record/2535967/files/CIFAR-10-C.tar",),
        "md5:56bf5dcef84df0e2308c6dcbcbbd8499",
    ),
    corruptions=(
        "brightness",
        "contrast",
        "defocus_blur",
        "elastic_transform",
        "fog",
        "frost",
        "gaussian_blur",
        "gaussian_noise",
        "glass_blur",
        "impulse_noise",
        "jpeg_compression",
        "motion_blur",
        "pixelate",
        "saturate",
        "shot_noise",
        "snow",
        "spatter",
        "speckle_noise",
        "zoom_blur",
    ),
)
