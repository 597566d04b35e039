"""Blurred images, a corruption that the paper does not use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from glitches.outliers import ComputedOutliers

DEVIATIONS_PER_WIDTH = 14.0
"""The standard deviation is two pixels in an image of 28, and in proportion in others."""


@dataclass(frozen=True)
class BlurOutliers(ComputedOutliers):
    """Blurs the image with a Gaussian whose standard deviation is 1/14 of its width."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Each channel convolved with the Gaussian, edges reflected."""
        deviation = images.shape[2] / DEVIATIONS_PER_WIDTH
        blurred = gaussian_filter(np.asarray(images, np.float32), (0, deviation, deviation, 0))
        return np.asarray(np.rint(blurred), np.uint8)
