"""Inverted images, a corruption that the paper does not use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glitches.outliers import ComputedOutliers


@dataclass(frozen=True)
class InversionOutliers(ComputedOutliers):
    """Inverts the image: 255 − x."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """255 − x."""
        return 255 - np.asarray(images, np.uint8)
