"""Published corrupted images, such as MNIST-C and CIFAR-10-C (paper, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError
from glitches.adding import with_added
from glitches.base import Injection
from glitches.contaminated import Contaminated
from glitches.outliers import Mode, Outliers, rows_to_alter


@dataclass(frozen=True)
class PublishedCorruption(Outliers):
    """Takes corrupted images from the published set of the dataset, MNIST-C or CIFAR-10-C.

    Where only other images were corrupted (CIFAR-10-C holds test images), a sample that is
    corrupted in place is replaced by a corrupted image of its class.

    Options:
        corruption: published name of the corruption.
        severity: as published; by default the strongest, or the only one.
        mode: as of all outliers.
    """

    corruption: str
    severity: int | None = None
    mode: Mode = "in_place"

    @property
    def published(self) -> tuple[str, int | None]:
        """The files of this corruption."""
        return self.corruption, self.severity

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with corrupted images."""
        if injection.donors.published is None:
            raise UserError(
                f"{injection.name}: no corrupted images of {train.data.name!r} are published"
            )
        images = injection.donors.published(self.corruption, self.severity)
        if self.mode == "added":
            return with_added(train, injection, images.spare)
        rows = rows_to_alter(train, injection)
        if images.training is None:
            corrupted = _of_same_class(train, rows, images.spare, injection)
        else:
            corrupted = _of_same_source(train, rows, images.training, injection.name)
        return train.with_samples(rows, corrupted).marked(rows, injection.name)


def _of_same_source(
    train: Contaminated, rows: NDArray[np.int64], donors: Dataset, name: str
) -> NDArray[np.generic]:
    """The corrupted version of each of these rows."""
    order = np.argsort(donors.source_index)
    places = np.searchsorted(donors.source_index, train.data.source_index[rows], sorter=order)
    found = order[np.minimum(places, len(order) - 1)]
    same_source = donors.source_index[found] == train.data.source_index[rows]
    if not (same_source & (donors.y[found] == train.true_label[rows])).all():
        raise UserError(
            f"{name}: the corrupted images are not those of {train.data.name!r} in its order; "
            "mode=added does not need them to be"
        )
    return donors.x[found]


def _of_same_class(
    train: Contaminated, rows: NDArray[np.int64], donors: Dataset, injection: Injection
) -> NDArray[np.generic]:
    """For each of these rows another corrupted image of its class."""
    labels = train.true_label[rows]
    found = np.empty(len(rows), np.int64)
    for label in np.unique(labels):
        wanted, available = labels == label, np.flatnonzero(donors.y == label)
        if wanted.sum() > len(available):
            raise UserError(
                f"{injection.name} needs {wanted.sum()} corrupted images of class "
                f"{train.data.class_names[label]!r}, but there are {len(available)}"
            )
        found[wanted] = injection.rng.choice(available, wanted.sum(), replace=False)
    return donors.x[found]
