"""Striped images (paper, section 4; a corruption of MNIST-C, Mu and Gilmer 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glitches.outliers import ComputedOutliers


@dataclass(frozen=True)
class StripeOutliers(ComputedOutliers):
    """Inverts the left and the right quarter of the image."""

    @staticmethod
    def corrupt(images: NDArray[np.generic]) -> NDArray[np.uint8]:
        """255 − x in the outer quarters of the columns.

        Of 28 columns these are 0–6 and 21–27, as published; other widths in proportion.
        """
        pixels = np.asarray(images, np.uint8)
        width = pixels.shape[2]
        stripe = round(width / 4)
        corrupted = 255 - pixels
        corrupted[:, :, stripe : width - stripe] = pixels[:, :, stripe : width - stripe]
        return corrupted
