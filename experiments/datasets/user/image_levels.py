"""From pixels of any depth and transparency to 8-bit grey levels and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import UserError
from experiments.datasets.user.image_decoding import GREY_MODES, Header, decoded, is_deep
from experiments.datasets.user.image_files import ImageSource, name_of, opened


@dataclass(frozen=True)
class Levels:
    """How values become 8-bit grey levels, the same for all images of a set.

    Attributes:
        low, high: range of the images with more than 8 bits.
        background: level that transparent pixels are put on.
        deep, transparent: how many images there are of each.
    """

    low: float
    high: float
    background: int
    deep: int
    transparent: int

    @classmethod
    def of(
        cls, files: Sequence[ImageSource], headers: Sequence[Header], size: tuple[int, int]
    ) -> Levels:
        """The levels of a set, from those of its files that are deep or transparent.

        Args:
            files: the set.
            headers: of the files.
            size: width and height in pixels that are wanted.

        Raises:
            UserError: a pixel is not finite.
        """
        lows, highs, light, weight = [], [], 0.0, 0.0
        deep = transparent = 0
        for file, header in zip(files, headers, strict=True):
            if header.deep:
                with opened(file) as image:
                    values = _values(decoded(image, header, size))
                if not np.isfinite(values).all():
                    raise UserError(f"{name_of(file)} has pixels that are not finite")
                lows.append(float(values.min()))
                highs.append(float(values.max()))
                deep += 1
            elif header.transparent:
                with opened(file) as image:
                    rgba = decoded(image, header, size).convert("RGBA")
                alpha = np.asarray(rgba.getchannel("A"), np.float64) / 255
                if (alpha < 1).any():
                    light += float((np.asarray(rgba.convert("L")) * alpha).sum())
                    weight += float(alpha.sum())
                    transparent += 1
        background = 255 if not weight or light / weight < 128 else 0
        return cls(min(lows, default=0.0), max(highs, default=255.0), background, deep, transparent)

    def eight_bits(self, image: Image.Image) -> NDArray[np.uint8]:
        """Pixels (height, width, 1 or 3)."""
        if is_deep(image.mode):
            spread = self.high - self.low
            if spread == 0:
                return np.zeros((image.height, image.width, 1), np.uint8)
            scaled = (_values(image) - self.low) / spread * 255
            return np.rint(scaled).astype(np.uint8)[..., None]
        grey = image.mode in GREY_MODES
        if image.has_transparency_data:
            rgba = image.convert("RGBA")
            ground = Image.new("RGBA", image.size, (self.background,) * 3 + (255,))
            image = Image.alpha_composite(ground, rgba)
        pixels = np.asarray(image.convert("L" if grey else "RGB"))
        return pixels[..., None] if grey else pixels

    def notes(self) -> list[str]:
        """What was done."""
        found = []
        if self.deep:
            found.append(
                f"{self.deep} images have more than 8 bits: scaled to 8 from their own range, "
                f"{self.low:.6g} to {self.high:.6g}"
            )
        if self.transparent:
            ground = "white" if self.background else "black"
            found.append(f"{self.transparent} images are transparent: put on a {ground} background")
        return found


def _values(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image).astype(np.float64)
