"""Small pictures embedded in a page, each sample once."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.audit.explain.reasons import TRAIN, VALIDATION
from experiments.audit.input.data import AuditData

SIDE = 64
"""Pixels of the longer side, at most; smaller images keep their size."""
QUALITY = 80


class Thumbnails:
    """Pictures of samples as data URIs, collected while a page is put together.

    Args:
        x: the raw images of each part, ``"train"`` and ``"validation"``; a part without images has
            no pictures.
        places: the position of each row of the validation data in its array.

    Attributes:
        pictures: data URIs by key.
    """

    def __init__(self, x: Mapping[str, NDArray[np.uint8]], places: Mapping[int, int]) -> None:
        self._x = x
        self._places = places
        self.pictures: dict[str, str] = {}

    @classmethod
    def of(cls, data: AuditData) -> Thumbnails:
        """Those of image data; of other data, none."""
        if data.train.modality != "image":
            return cls({}, {})
        x = {TRAIN: data.train.x.astype(np.uint8, copy=False)}
        if data.validation is None:
            return cls(x, {})
        x[VALIDATION] = data.validation.x.astype(np.uint8, copy=False)
        rows = data.validation.source_index.tolist()
        return cls(x, {row: place for place, row in enumerate(rows)})

    def key(self, part: str, row: int) -> str:
        """The key of a sample's picture in ``pictures``; empty if the sample has none."""
        if part not in self._x:
            return ""
        key = f"{part[0]}{row}"
        if key not in self.pictures:
            place = self._places[row] if part == VALIDATION else row
            self.pictures[key] = data_uri(self._x[part][place])
        return key


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """An image (height, width, 1 or 3) as a data URI: a PNG, or a reduced JPEG if it is large."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    stored = io.BytesIO()
    kind = "png"
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE))
        kind = "jpeg"
    image.save(stored, kind, quality=QUALITY, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(stored.getvalue()).decode()}"
