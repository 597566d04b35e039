"""Small pictures inside a page: each sample once, however often it is shown."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.audit.explain.reasons import TRAIN, VALIDATION

SIDE = 64
"""Pixels; smaller images stay as they are."""
QUALITY = 80


class Thumbnails:
    """Pictures of samples as data URIs, gathered while a page is put together.

    Args:
        x: raw images by part, ``"train"`` and ``"validation"``.
        rows: of validation, the position of each row.
    """

    def __init__(self, x: Mapping[str, NDArray[np.uint8]], rows: Mapping[int, int]) -> None:
        self._x = x
        self._rows = rows
        self.pictures: dict[str, str] = {}

    def key(self, part: str, row: int) -> str:
        """The key of the sample's picture in ``pictures``."""
        key = f"{part[0]}{row}"
        if key not in self.pictures:
            place = self._rows[row] if part == VALIDATION else row
            self.pictures[key] = data_uri(self._x[part][place])
        return key

    @classmethod
    def none(cls) -> Thumbnails:
        """For data without pictures: every key is empty."""
        return _NoThumbnails({TRAIN: np.empty(0, np.uint8)}, {})


class _NoThumbnails(Thumbnails):
    def key(self, part: str, row: int) -> str:
        return ""


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """An image (height, width, 1 or 3) as a data URI: PNG as it is, or a smaller JPEG."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    stored = io.BytesIO()
    kind = "png"
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE))
        kind = "jpeg"
    image.save(stored, kind, quality=QUALITY, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(stored.getvalue()).decode()}"
