"""Preprocessing of raw images for image networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
SCRATCH_SIZE = (32, 32)


@dataclass(frozen=True)
class ImagePreprocessing:
    """Resizing, conversion to three channels, standardisation. Nothing is cropped.

    The ``repr`` is part of cache keys: equal ones give equal tensors.

    Attributes:
        size: height and width; ``None`` keeps the size of the images.
        mean, std: of each channel, for values in [0, 1].
        interpolation: ``"bilinear"`` or ``"bicubic"``, with antialiasing.

    Shape:
        uint8 (n, height, width, 1 or 3) to float32 (n, 3, *size).

    >>> ImagePreprocessing((4, 6))(np.zeros((2, 8, 8, 1), dtype=np.uint8)).shape
    torch.Size([2, 3, 4, 6])
    """

    size: tuple[int, int] | None = None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: str = "bilinear"

    def __call__(self, x: NDArray[np.generic], device: str = "cpu") -> Tensor:
        images = torch.tensor(x, device=device).permute(0, 3, 1, 2).float()
        if self.size is not None and self.size != tuple(images.shape[2:]):
            images = interpolate(images, self.size, mode=self.interpolation, antialias=True)
            images = images.clamp(0, 255)  # bicubic interpolation may overshoot
        mean, std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (self.mean, self.std)
        )
        return (images / 255 - mean) / std


def scratch_preprocessing(input_shape: tuple[int, ...]) -> ImagePreprocessing:
    """For networks trained from scratch: images keep their size, larger ones become 32 x 32.

    >>> scratch_preprocessing((8, 8, 1)).size, scratch_preprocessing((96, 96, 3)).size
    (None, (32, 32))
    """
    large = max(input_shape[:2]) > max(SCRATCH_SIZE)
    return ImagePreprocessing(SCRATCH_SIZE if large else None)
