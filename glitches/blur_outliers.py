"""Blurred outliers: a corruption beyond the paper's two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from glitches.outliers import ComputedOutliers

WIDTHS_A_DEVIATION = 14.0
"""Two pixels of a 28-pixel image, other sizes in proportion."""


@dataclass(frozen=True)
class BlurOutliers(ComputedOutliers):
    """Blurs the image with a Gaussian of 1/14 of its width."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Each channel convolved with the Gaussian, edges reflected."""
        deviation = images.shape[2] / WIDTHS_A_DEVIATION
        blurred = gaussian_filter(np.asarray(images, np.float32), (0, deviation, deviation, 0))
        return np.asarray(np.rint(blurred), np.uint8)
