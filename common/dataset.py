"""The dataset type that every package shares."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError

Modality = Literal["image", "tabular"]

CHECKED_ROWS = 1 << 14


def array_digest(*arrays: NDArray[np.generic]) -> str:
    """Hex SHA-256 of the content, shape and type of the arrays.

    >>> array_digest(np.zeros(2)) == array_digest(np.zeros(2))
    True
    >>> array_digest(np.zeros(2)) == array_digest(np.zeros((2, 1)))
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """Labelled samples.

    Attributes:
        name: as registered, or the path that the user gave.
        modality: ``"image"`` or ``"tabular"``.
        x: images are uint8 of shape (n, height, width, channels) with 1 or 3 channels; tables are
            float32 or float64 of shape (n, d), not standardised.
        y: int64 class numbers 0 .. n_classes - 1, shape (n,).
        class_names: one name per class.
        source_index: position of each sample in the published data, int64 of shape (n,).
        feature_names: for tables, one name per column.
        known_glitch: the user's marks of known glitches, bool of shape (n,), if there are any.
        votes: how many people chose each class for each sample, whole numbers of shape
            (n, n_classes), at least one a sample, where that was published; ``y`` is the truth.
        notes: one sentence for each thing that reading the data changed or left out.
    """

    name: str
    modality: Modality
    x: NDArray[np.generic]
    y: NDArray[np.int64]
    class_names: tuple[str, ...]
    source_index: NDArray[np.int64]
    feature_names: tuple[str, ...] = ()
    known_glitch: NDArray[np.bool_] | None = field(default=None)
    votes: NDArray[np.integer] | None = field(default=None)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.y) != len(self.source_index):
            raise UserError(
                f"dataset {self.name!r}: {len(self.x)} samples, {len(self.y)} labels and "
                f"{len(self.source_index)} source positions; the numbers must be equal"
            )
        if self.modality == "tabular":
            self._check_finite()
        if len(self.y) and not 0 <= self.y.min() <= self.y.max() < self.n_classes:
            raise UserError(
                f"dataset {self.name!r}: labels must be in 0..{self.n_classes - 1}, got "
                f"{self.y.min()}..{self.y.max()}"
            )
        if self.votes is not None:
            self._check_votes(self.votes)

    def _check_votes(self, votes: NDArray[np.integer]) -> None:
        if votes.shape != (len(self.y), self.n_classes):
            raise UserError(
                f"dataset {self.name!r}: votes must have shape ({len(self.y)}, {self.n_classes}), "
                f"got {votes.shape}"
            )
        bad = np.flatnonzero((votes < 0).any(axis=1) | (votes.sum(axis=1) < 1))
        if len(bad):
            raise UserError(
                f"dataset {self.name!r}: each sample needs at least one vote, and none negative, "
                f"got {votes[bad[0]].tolist()} for sample {bad[0]}"
            )

    def _check_finite(self) -> None:
        for start in range(0, len(self.x), CHECKED_ROWS):  # a table may be larger than memory
            finite = np.isfinite(self.x[start : start + CHECKED_ROWS])
            if not finite.all():
                row, column = np.argwhere(~finite)[0] + (start, 0)
                raise UserError(
                    f"dataset {self.name!r}: features must be finite, got "
                    f"x[{row}, {column}] = {self.x[row, column]}"
                )

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """C."""
        return len(self.class_names)

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the samples and labels, and of the votes where there are any."""
        return array_digest(self.x, self.y, *(() if self.votes is None else (self.votes,)))

    def take(self, rows: NDArray[np.int64]) -> Dataset:
        """The dataset of these rows, in this order."""
        return replace(
            self,
            x=self.x[rows],
            y=self.y[rows],
            source_index=self.source_index[rows],
            known_glitch=None if self.known_glitch is None else self.known_glitch[rows],
            votes=None if self.votes is None else self.votes[rows],
        )

    def followed_by(self, other: Dataset) -> Dataset:
        """These samples, then those of ``other`` (of the same classes); without votes.

        Where only these have marks of known glitches, the others count as not marked.
        """
        known = None
        if self.known_glitch is not None:
            theirs = other.known_glitch
            added = np.zeros(len(other), dtype=bool) if theirs is None else theirs
            known = np.concatenate([self.known_glitch, added])
        return replace(
            self,
            x=np.concatenate([self.x, other.x]),
            y=np.concatenate([self.y, other.y]),
            source_index=np.concatenate([self.source_index, other.source_index]),
            known_glitch=known,
            votes=None,
        )
