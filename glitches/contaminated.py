"""The training set after injection, with its error table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.dataset import Dataset

CLEAN = "clean"
NO_TRUE_LABEL = -1
ERROR_COLUMNS = ("is_glitch", "glitch", "true_label", "label", "source_index")
"""Columns of the error table. The scores of a trial follow them, one column per signal."""


@dataclass(frozen=True)
class Contaminated:
    """A training set and what was done to each of its samples.

    Attributes:
        data: the training set as the model sees it; ``data.y`` are the given labels.
        glitch: name of the glitch injected into each sample, or ``"clean"``; object array (n,).
        true_label: the label before injection, ``NO_TRUE_LABEL`` for a sample of another dataset;
            int64 of shape (n,).
    """

    data: Dataset
    glitch: NDArray[np.object_]
    true_label: NDArray[np.int64]

    @classmethod
    def clean(cls, data: Dataset) -> Contaminated:
        """The state before any injection."""
        return cls(data, np.full(len(data), CLEAN, dtype=object), data.y.copy())

    def __len__(self) -> int:
        return len(self.data)

    @property
    def is_glitch(self) -> NDArray[np.bool_]:
        """Whether each sample is glitched, (n,)."""
        return np.asarray(self.glitch != CLEAN, dtype=bool)

    @property
    def clean_rows(self) -> NDArray[np.int64]:
        """Rows that no glitch has changed yet."""
        return np.flatnonzero(~self.is_glitch)

    def take(self, rows: NDArray[np.int64]) -> Contaminated:
        """The contaminated set of these rows, in this order."""
        return Contaminated(self.data.take(rows), self.glitch[rows], self.true_label[rows])

    def shuffled(self, rng: np.random.Generator) -> Contaminated:
        """The same samples in random order, so that position reveals nothing."""
        return self.take(rng.permutation(len(self)))

    def with_labels(self, rows: NDArray[np.int64], labels: NDArray[np.int64] | int) -> Contaminated:
        """The same set with these labels at ``rows``; true labels stay."""
        y = self.data.y.copy()
        y[rows] = labels
        return replace(self, data=replace(self.data, y=y))

    def with_samples(self, rows: NDArray[np.int64], x: NDArray[np.generic]) -> Contaminated:
        """The same set with the samples ``x`` at ``rows``; labels stay."""
        samples = self.data.x.copy()
        samples[rows] = x
        return replace(self, data=replace(self.data, x=samples))

    def joined(self, other: Contaminated) -> Contaminated:
        """This set followed by ``other``, whose samples have the same shape; without votes, which
        added samples lack."""
        return Contaminated(
            self.data.followed_by(other.data),
            np.concatenate([self.glitch, other.glitch]),
            np.concatenate([self.true_label, other.true_label]),
        )

    def marked(self, rows: NDArray[np.int64], name: str) -> Contaminated:
        """The same set with ``rows`` entered in the error table under ``name``."""
        glitch = self.glitch.copy()
        glitch[rows] = name
        return replace(self, glitch=glitch)

    def error_table(self) -> pd.DataFrame:
        """One row per training sample, in training order."""
        columns = (
            self.is_glitch,
            self.glitch.astype(str),
            self.true_label,
            self.data.y,
            self.data.source_index,
        )
        return pd.DataFrame(dict(zip(ERROR_COLUMNS, columns, strict=True)))
