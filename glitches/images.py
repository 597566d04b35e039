"""Making images of one dataset look like those of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_MODES = {1: "L", 3: "RGB"}


def matched(
    images: NDArray[np.generic], height: int, width: int, channels: int
) -> NDArray[np.uint8]:
    """Images resized (bilinear, antialiased) and converted to this shape.

    Grey becomes colour by repetition, colour becomes grey by its luma (ITU-R 601).

    Args:
        images: uint8 of shape (n, any height, any width, 1 or 3).

    Returns:
        uint8 of shape (n, height, width, channels); equal to ``images`` where the shape is.

    >>> matched(np.full((2, 4, 4, 3), 7, np.uint8), 2, 2, 1).ravel()
    array([7, 7, 7, 7, 7, 7, 7, 7], dtype=uint8)
    """
    out = np.empty((len(images), height, width, channels), np.uint8)
    for position, pixels in enumerate(np.asarray(images, np.uint8)):
        grey = pixels.shape[2] == 1
        image = Image.fromarray(pixels[..., 0] if grey else pixels).convert(_MODES[channels])
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        out[position] = np.asarray(image).reshape(height, width, channels)
    return out
