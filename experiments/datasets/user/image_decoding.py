"""The header of an image file, and its pixels as Pillow decodes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

LARGEST_SIDE = 224
"""Pixels of what is wanted: the input size of the largest backbones."""
FRAMES = 32
"""Frames of one file that are compared."""
GREY_MODES = frozenset({"1", "L", "LA", "La"})
_MULTIFRAME = frozenset({"GIF", "TIFF", "WEBP", "PNG"})
_ORIENTATION = 0x0112
_ROTATED = range(5, 9)


@dataclass(frozen=True)
class Header:
    """What is known of an image before its pixels are decoded.

    Attributes:
        size: width and height in pixels, upright.
        mode, format: as Pillow names them.
        frames: how many the file has.
        transparent: whether pixels may be transparent.
    """

    size: tuple[int, int]
    mode: str
    format: str
    frames: int
    transparent: bool

    @property
    def deep(self) -> bool:
        """Whether it has more than 8 bits."""
        return is_deep(self.mode)


def header_of(image: Image.Image) -> Header:
    """The header of an image that is open."""
    width, height = image.size
    if image.getexif().get(_ORIENTATION) in _ROTATED:
        width, height = height, width
    several = image.format in _MULTIFRAME
    return Header(
        (width, height),
        image.mode,
        str(image.format),
        int(getattr(image, "n_frames", 1)) if several else 1,
        bool(image.has_transparency_data),
    )


def decoded(image: Image.Image, header: Header, size: tuple[int, int]) -> Image.Image:
    """The most informative frame, upright, decoded at about twice ``size`` if possible."""
    if image.format == "JPEG":
        side = 2 * max(size)
        image.draft(image.mode, (side, side))
    if header.frames > 1:
        image = _frame(image, header.frames)
    return ImageOps.exif_transpose(image)


def _frame(image: Image.Image, frames: int) -> Image.Image:
    """The frame with the highest contrast, of at most ``FRAMES`` that are evenly spaced."""
    best, contrast = image.copy(), -1.0
    for number in np.unique(np.linspace(0, frames - 1, min(frames, FRAMES)).astype(int)).tolist():
        image.seek(number)
        values = np.asarray(_grey(image), np.float64)
        if values.std() > contrast:
            best, contrast = image.copy(), float(values.std())
    return best


def _grey(image: Image.Image) -> Image.Image:
    """The image in grey, whatever its depth and without its transparency."""
    if is_deep(image.mode):
        return image
    return (image.convert("RGBA") if image.has_transparency_data else image).convert("L")


def is_deep(mode: str) -> bool:
    """Whether an image of this mode has more than 8 bits."""
    return mode[0] in "IF"
