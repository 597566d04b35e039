"""Brightened images (paper, section 4; a corruption of MNIST-C, Mu and Gilmer 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glitches.outliers import ComputedOutliers

ADDED_VALUE = 0.5
"""Severity 5, the default of MNIST-C."""


@dataclass(frozen=True)
class BrightnessOutliers(ComputedOutliers):
    """Adds 0.5 to the HSV value of each pixel, clipped to 1."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """HSV value + 0.5, clipped to 1; hue and saturation stay.

        The value is the largest channel, so hue and saturation stay where all channels grow by the
        same factor. Black has no hue and becomes grey.
        """
        pixels = np.divide(images, 255.0)
        value = pixels.max(axis=3, keepdims=True)
        raised = np.minimum(value + ADDED_VALUE, 1.0)
        scaled = np.divide(pixels, value, out=np.ones_like(pixels), where=value > 0) * raised
        return np.asarray(np.rint(scaled * 255.0), np.uint8)
