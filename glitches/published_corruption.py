"""Outliers from published corrupted images, such as MNIST-C and CIFAR-10-C (paper, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset, Modality
from common.errors import UserError
from glitches.adding import drawn_from_one_class, with_added
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import Contaminated
from glitches.outliers import Mode, rows_to_corrupt


@dataclass(frozen=True)
class PublishedCorruption(Glitch):
    """Outliers by one published corruption.

    Options:
        corruption: its published name.
        severity: as published; by default the strongest, or the only one.
        mode: ``in_place`` corrupts ⌊ratio · n⌋ samples and leaves their labels. Where only other
            images were corrupted (CIFAR-10-C holds test images), each gives its place, label and
            ``source_index`` to one of them of its class. ``added`` adds corrupted test images of
            one random class under one random label.
    """

    corruption: str
    severity: int | None = None
    mode: Mode = "in_place"

    kind: ClassVar[str] = "corrupted"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})

    @property
    def phase(self) -> Phase:
        """``added`` changes the size of the set."""
        return "add" if self.mode == "added" else "alter"

    @property
    def published(self) -> tuple[str, int | None]:
        """The files of this corruption."""
        return self.corruption, self.severity

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with corrupted images."""
        if injection.donors.published is None:
            raise UserError(f"{name}: no corrupted images of {train.data.name!r} are published")
        images = injection.donors.published(self.corruption, self.severity)
        if self.mode == "added":
            donors = drawn_from_one_class(train, name, injection, images.spare)
            return with_added(train, name, injection, donors, donors.y)
        rows = rows_to_corrupt(train, name, injection)
        if images.training is None:
            corrupted = _of_same_class(train, rows, images.spare, name, injection.rng)
        else:
            corrupted = _of_same_source(train, rows, images.training, name)
        return train.redrawn(rows, corrupted).marked(rows, name)


def _of_same_source(
    train: Contaminated, rows: NDArray[np.int64], donors: Dataset, name: str
) -> NDArray[np.generic]:
    order = np.argsort(donors.source_index)
    places = np.searchsorted(donors.source_index, train.data.source_index[rows], sorter=order)
    found = order[np.minimum(places, len(order) - 1)]
    same_source = donors.source_index[found] == train.data.source_index[rows]
    if not (same_source & (donors.y[found] == train.true_label[rows])).all():
        raise UserError(
            f"{name}: the corrupted images are not those of {train.data.name!r} in its order; "
            "mode=added does without them"
        )
    return donors.x[found]


def _of_same_class(
    train: Contaminated,
    rows: NDArray[np.int64],
    donors: Dataset,
    name: str,
    rng: np.random.Generator,
) -> NDArray[np.generic]:
    labels = train.true_label[rows]
    found = np.empty(len(rows), np.int64)
    for label in np.unique(labels):
        wanted, available = labels == label, np.flatnonzero(donors.y == label)
        if wanted.sum() > len(available):
            raise UserError(
                f"{name} needs {wanted.sum()} corrupted images of class "
                f"{train.data.class_names[label]!r}, however there are {len(available)}"
            )
        found[wanted] = rng.choice(available, wanted.sum(), replace=False)
    return donors.x[found]
