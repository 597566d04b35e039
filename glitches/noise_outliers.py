"""Noisy images, a corruption that the paper does not use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.seeds import generator
from glitches.outliers import ComputedOutliers

DEVIATION = 64.0


@dataclass(frozen=True)
class NoiseOutliers(ComputedOutliers):
    """Adds Gaussian noise with a standard deviation of a quarter of the range."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """x + N(0, 64²), clipped to 0..255; equal images get equal noise."""
        pixels = np.asarray(images, np.float64)
        noise = generator(int(pixels.sum()) % 2**32, "noise_outliers").normal(size=pixels.shape)
        return np.asarray(np.rint((pixels + DEVIATION * noise).clip(0, 255)), np.uint8)
