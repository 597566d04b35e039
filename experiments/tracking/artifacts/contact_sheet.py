"""Contact sheets: the most suspicious images of a trial at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

COLUMNS: Final = 8
ROWS: Final = 3
_TILE: Final = 128
_GAP: Final = 8
_FRAME: Final = 3
_LINE: Final = 13
_FONT_SIZE: Final = 11
_INK: Final = "#222222"
_PAPER: Final = "#FFFFFF"
_GLITCHED: Final = "#D55E00"
_CLEAN: Final = "#B0B0B0"
_ELLIPSIS: Final = "…"


@dataclass(frozen=True)
class Tile:
    """One sample of a sheet.

    Attributes:
        pixels: uint8, (height, width, channels) with 1 or 3 channels.
        captions: lines below it; what does not fit is cut.
        marked: whether it is a glitch, which colours its frame.
    """

    pixels: NDArray[np.uint8]
    captions: Sequence[str]
    marked: bool


def contact_sheet(tiles: Sequence[Tile], columns: int = COLUMNS) -> Image.Image:
    """The tiles in reading order, each with its captions; glitches framed in orange."""
    font = ImageFont.load_default(_FONT_SIZE)
    lines = max((len(tile.captions) for tile in tiles), default=0)
    step = _TILE + _GAP, _TILE + _GAP + lines * _LINE
    rows = -(-len(tiles) // columns)
    size = columns * step[0] + _GAP, rows * step[1] + _GAP
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        left = _GAP + number % columns * step[0]
        top = _GAP + number // columns * step[1]
        frame = (left, top, left + _TILE - 1, top + _TILE - 1)
        draw.rectangle(frame, fill=_GLITCHED if tile.marked else _CLEAN)
        sheet.paste(_picture(tile.pixels), (left + _FRAME, top + _FRAME))
        for line, caption in enumerate(tile.captions):
            place = (left, top + _TILE + line * _LINE)
            draw.text(place, _fitting(caption, font), fill=_INK, font=font)
    return sheet


def _picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """The image at the size of a tile, small ones enlarged without blur."""
    channels = pixels.shape[2]
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    inner = _TILE - 2 * _FRAME
    smooth = max(pixels.shape[:2]) > inner
    method = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return image.convert("RGB").resize((inner, inner), method)


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The longest beginning of a line that is no wider than a tile."""
    if font.getlength(text) <= _TILE:
        return text
    while text and font.getlength(text + _ELLIPSIS) > _TILE:
        text = text[:-1]
    return text + _ELLIPSIS
