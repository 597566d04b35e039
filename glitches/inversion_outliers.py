"""Inverted outliers: a corruption beyond the paper's two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glitches.outliers import ComputedOutliers


@dataclass(frozen=True)
class InversionOutliers(ComputedOutliers):
    """Inverts the image."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """255 − x."""
        return 255 - np.asarray(images, np.uint8)
