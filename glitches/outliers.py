"""Images corrupted by a computed corruption, in place of clean ones or in addition to them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from glitches.adding import with_added
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_of

Mode = Literal["in_place", "added"]


def rows_to_alter(train: Contaminated, injection: Injection) -> NDArray[np.int64]:
    """⌊ratio · n⌋ random rows that are still clean."""
    count = at_least_one(share_of(injection.ratio, len(train)), injection, len(train))
    return injection.rng.choice(train.clean_rows, count, replace=False)


class Outliers(Glitch):
    """Corrupted images.

    Attributes:
        mode: ``in_place`` corrupts ⌊ratio · n⌋ samples of the training set and keeps their labels;
            ``added`` adds corrupted images of one random class under one random label.
    """

    mode: Mode

    kind = "corrupted"
    modalities = frozenset({"image"})

    @property
    def phase(self) -> Phase:
        """Only ``added`` changes the size of the set."""
        return "add" if self.mode == "added" else "alter"


@dataclass(frozen=True)
class ComputedOutliers(Outliers):
    """Outliers by a corruption that is a function of the clean image."""

    mode: Mode = "in_place"

    @staticmethod
    @abstractmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """The corrupted images, uint8 of the same shape (n, height, width, channels)."""

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with corrupted images."""
        if self.mode == "in_place":
            rows = rows_to_alter(train, injection)
            corrupted = self.corrupt(train.data.x[rows])
            return train.with_samples(rows, corrupted).marked(rows, injection.name)
        spare = injection.donors.spare and injection.donors.spare()
        if not spare:
            raise UserError(
                f"{injection.name} adds images that are neither trained on nor validated with, but "
                f"{train.data.name!r} has none left: draw a smaller subset of it"
            )
        return with_added(train, injection, spare, corrupt=self.corrupt)
