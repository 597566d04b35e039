"""CIFAR-10 with what people answered for its images: CIFAR-10N and CIFAR-10H.

Their licenses (CC BY-NC 4.0 and CC BY-NC-SA 4.0) allow no commercial use. Nothing is downloaded, so
that this is decided by whoever puts the published files below the data root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError  # to catch it
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.cifar10 import CIFAR10, Cifar10
from experiments.datasets.download import required_root

Whole = NDArray[np.integer[Any]]

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
CIFAR10N = "CIFAR-10_human.pt"
CIFAR10H = "cifar10h-counts.npy"
CIFAR10_TEST = replace(CIFAR10, training=False)
HOMES = {
    CIFAR10N: "https://github.com/UCSC-REAL/cifar-10-100n",
    CIFAR10H: "https://github.com/jcpeterson/cifar-10h",
}


def absent(root: Path | None, files: tuple[str, ...]) -> str | None:
    """One line that names the files that are not below the data root; ``None`` if all are."""
    gone = [name for name in files if root is None or not (root / name).exists()]
    if not gone:
        return None
    place = "a data root (none is given)" if root is None else str(root)
    named = ", ".join(f"{name} from {HOMES[name]}" if name in HOMES else name for name in gone)
    return f"{named} belongs in {place}, and is not downloaded"


def root_with(name: str, root: Path | None, files: tuple[str, ...]) -> Path:
    """The data root, which has to hold the files."""
    root = required_root(name, root)
    if (missing := absent(root, files)) is not None:
        raise UserError(f"{name}: {missing}")
    return root


def checked_votes(name: str, votes: Whole, samples: int) -> Whole:
    """The votes, if they are whole numbers for each sample and class."""
    if votes.dtype.kind not in "iu" or votes.shape != (samples, len(CLASSES)):
        raise UserError(
            f"{name}: votes must be whole numbers of shape ({samples}, {len(CLASSES)}), got "
            f"{votes.dtype} of shape {votes.shape}"
        )
    return votes


def one_vote(name: str, labels: Whole, samples: int) -> Whole:
    """The votes, (n, C), where one label was given to each sample, (n,)."""
    fits = labels.dtype.kind in "iu" and labels.shape == (samples,)
    if not fits or not 0 <= labels.min() <= labels.max() < len(CLASSES):
        raise UserError(
            f"{name}: labels must be {samples} whole numbers from 0 to {len(CLASSES) - 1}, got "
            f"{labels.dtype} of shape {labels.shape}"
        )
    return np.eye(len(CLASSES), dtype=np.int64)[labels]


def read_label_sets(path: Path) -> Mapping[str, Whole]:
    """The label sets in a dictionary of arrays that ``torch.save`` wrote.

    torch's restricted unpickler rebuilds arrays and nothing else; NumPy 1 called its module
    ``numpy.core``, under which the published file was written.
    """
    rebuild = np.empty(0).__reduce__()[0]
    allowed: list[Any] = [np.ndarray, np.dtype, type(np.dtype(np.int64))]
    allowed += [(rebuild, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    try:
        with torch.serialization.safe_globals(allowed):
            found = torch.load(path, weights_only=True)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a file of torch: {error}") from error
    except (UnpicklingError, BadZipFile, RuntimeError, EOFError, OSError) as error:
        reason = str(error).partition("WeightsUnpickler error: ")[2] or str(error)
        raise UserError(
            f"{path} is truncated, or holds other things than label sets: "
            f"{' '.join(reason.split())[:200]}"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(v, np.ndarray) for v in found.values()):
        raise UserError(f"{path} must hold a dictionary of arrays")
    return found


def read_array(path: Path) -> NDArray[Any]:
    """An array in NumPy's format; objects are refused."""
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise UserError(f"{path} is not an array of numbers: {error}") from error


def read_arrays(path: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Arrays of a ``.npz`` file; objects are refused."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (ValueError, OSError, EOFError, KeyError, BadZipFile, AttributeError) as error:
        raise UserError(f"{path} does not hold the arrays {', '.join(names)}: {error}") from error


@dataclass(frozen=True)
class _OnCifar10:
    """What all of these share: CIFAR-10's images and true labels.

    Attributes:
        name: as registered.
    """

    name: str
    modality: Modality = field(default="image", init=False)
    subset: float = 0.1
    foreign: str | None = field(default="fashion_mnist", init=False)


@dataclass(frozen=True)
class Cifar10N(_OnCifar10):
    """The training images with one label that people gave, Wei et al., ICLR 2022.

    Attributes:
        labels: the label set in the published file.
        images: where images and true labels come from.
    """

    labels: str = ""
    images: Cifar10 = CIFAR10

    def missing(self, options: DataOptions) -> str | None:
        """The published file, or CIFAR-10."""
        return absent(options.data_root, (CIFAR10N,)) or self.images.missing(options)

    def load(self, options: DataOptions) -> Dataset:
        """All training images in the order of the batches."""
        root = root_with(self.name, options.data_root, (CIFAR10N,))
        sets = read_label_sets(root / CIFAR10N)
        for wanted in ("clean_label", self.labels):
            if wanted not in sets:
                raise UserError(f"{root / CIFAR10N} has no label set {wanted!r}")
        data = self.images.load(options)
        if not np.array_equal(sets["clean_label"], data.y):
            raise UserError(f"{root / CIFAR10N}: clean_label differs from the labels of CIFAR-10")
        return replace(
            data, name=self.name, votes=one_vote(self.name, sets[self.labels], len(data))
        )


@dataclass(frozen=True)
class Cifar10H(_OnCifar10):
    """The test images with about 51 votes each, Peterson et al., ICCV 2019.

    Attributes:
        images: where images and true labels come from.
    """

    images: Cifar10 = CIFAR10_TEST

    def missing(self, options: DataOptions) -> str | None:
        """The published file, or CIFAR-10."""
        return absent(options.data_root, (CIFAR10H,)) or self.images.missing(options)

    def load(self, options: DataOptions) -> Dataset:
        """All test images in the order of the batch."""
        root = root_with(self.name, options.data_root, (CIFAR10H,))
        votes = read_array(root / CIFAR10H)
        data = self.images.load(options)
        return replace(data, name=self.name, votes=checked_votes(self.name, votes, len(data)))


@dataclass(frozen=True)
class Cifar10Part(_OnCifar10):
    """A part of these sets as plain arrays, with a name of its own (docs/data.md).

    Attributes:
        file: with the answers, relative to the data root.
        answers: the array in it: labels (n,) or votes (n, 10).
        part: of the images, ``train`` or ``test``.
    """

    file: str = ""
    answers: str = ""
    part: str = "train"

    @property
    def files(self) -> tuple[str, str]:
        """Images and answers, relative to the data root."""
        return "cifar10_part.npz", self.file

    def missing(self, options: DataOptions) -> str | None:
        """Whichever of the two files is not there."""
        return absent(options.data_root, self.files)

    def load(self, options: DataOptions) -> Dataset:
        """All images of the part."""
        root = root_with(self.name, options.data_root, self.files)
        images, answers = (root / file for file in self.files)
        x, y, index = read_arrays(
            images, (f"x_{self.part}", f"y_{self.part}", f"{self.part}_index")
        )
        (given,) = read_arrays(answers, (self.answers,))
        votes = one_vote if given.ndim == 1 else checked_votes
        return Dataset(
            name=self.name,
            modality=self.modality,
            x=x,
            y=y,
            class_names=CLASSES,
            source_index=index,
            votes=votes(self.name, given, len(y)),
        )


CIFAR10N_AGGREGATE = Cifar10N("cifar10n_aggregate", labels="aggre_label")
CIFAR10N_RANDOM1 = Cifar10N("cifar10n_random1", labels="random_label1")
CIFAR10N_RANDOM2 = Cifar10N("cifar10n_random2", labels="random_label2")
CIFAR10N_RANDOM3 = Cifar10N("cifar10n_random3", labels="random_label3")
CIFAR10N_WORST = Cifar10N("cifar10n_worst", labels="worse_label")
CIFAR10H_VOTES = Cifar10H("cifar10h", subset=0.5)

_N_PART, _H_PART = "human_labels/cifar10n_part.npz", "human_labels/cifar10h_part.npz"
CIFAR10N_PART_RANDOM1 = Cifar10Part(
    "cifar10n_part_random1", subset=0.25, file=_N_PART, answers="random_label1"
)
CIFAR10N_PART_RANDOM2 = Cifar10Part(
    "cifar10n_part_random2", subset=0.25, file=_N_PART, answers="random_label2"
)
CIFAR10H_PART = Cifar10Part(
    "cifar10h_part", subset=1.0, file=_H_PART, answers="counts", part="test"
)
