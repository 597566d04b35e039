"""Images corrupted by one mechanism, in the place of clean ones or beside them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from common.dataset import Modality
from common.errors import UserError
from glitches.adding import drawn_from_one_class, with_added
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_of

Mode = Literal["in_place", "added"]


def rows_to_corrupt(train: Contaminated, name: str, injection: Injection) -> NDArray[np.int64]:
    """⌊ratio · n⌋ random rows that are still clean."""
    count = at_least_one(share_of(injection.ratio, len(train)), name, injection.ratio, len(train))
    return injection.rng.choice(train.clean_rows, count, replace=False)


@dataclass(frozen=True)
class ComputedOutliers(Glitch):
    """Outliers by a corruption that is a function of the clean image.

    Options:
        mode: ``in_place`` corrupts ⌊ratio · n⌋ samples and leaves their labels; ``added`` adds
            corrupted images of one random class, none of which is trained on otherwise, under one
            random label, as the authors' later code does.
    """

    mode: Mode = "in_place"

    kind: ClassVar[str] = "corrupted"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})

    @property
    def phase(self) -> Phase:
        """``added`` changes the size of the set."""
        return "add" if self.mode == "added" else "alter"

    @staticmethod
    @abstractmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """The corrupted images, of the same shape (n, height, width, channels)."""

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with corrupted images."""
        if self.mode == "in_place":
            rows = rows_to_corrupt(train, name, injection)
            return train.redrawn(rows, self.corrupt(train.data.x[rows])).marked(rows, name)
        spare = injection.donors.spare and injection.donors.spare()
        if not spare:
            raise UserError(
                f"{name} adds images that are neither trained on nor validated with, however "
                f"{train.data.name!r} has none left: draw a smaller subset of it"
            )
        donors = drawn_from_one_class(train, name, injection, spare)
        corrupted = replace(donors, x=self.corrupt(donors.x))
        return with_added(train, name, injection, corrupted, donors.y)
