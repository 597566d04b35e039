"""Image files: which files are images, and opening one safely."""

from __future__ import annotations

import logging
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple, TextIO

from PIL import Image, UnidentifiedImageError

from common.errors import UserError

LARGEST_IMAGE = 500_000_000
"""Pixels of one file; more is refused, as it would take gigabytes to decode."""

ImageSource = Path | Image.Image
"""A file, or an image in memory, which stays as it is."""

_NO_PIXELS = frozenset({"BUFR", "GRIB", "HDF5", "MPEG", "WMF", "EPS"})
"""Formats that Pillow recognises but cannot decode by itself."""
_PILLOW = Path(Image.__file__).parent
_reading = threading.local()
"""Has, as ``source``, the file that this thread has opened."""


class Warned(NamedTuple):
    """A file, and what its decoder warns of."""

    name: str
    words: str


@cache
def image_suffixes() -> frozenset[str]:
    """The file suffixes of all formats that Pillow can decode."""
    Image.init()
    known = Image.registered_extensions()
    return frozenset(
        suffix for suffix, name in known.items() if name in Image.OPEN and name not in _NO_PIXELS
    )


def is_image(file: Path) -> bool:
    """Whether the file has the suffix of an image, or the content of one."""
    if file.suffix.lower() in image_suffixes():
        return True
    try:
        with decoder_warnings(), opened(file) as image:
            return image.format not in _NO_PIXELS
    except UserError:
        return False


def check_file(file: Path) -> None:
    """Raise ``UserError`` unless this is a regular file."""
    try:
        regular = stat.S_ISREG(file.stat().st_mode)
    except (OSError, ValueError) as error:
        raise UserError(f"{shown(file)} cannot be read: {_reason(error)}") from error
    if not regular:
        raise UserError(f"{shown(file)} is not a regular file")


def shown(path: Path | str) -> str:
    """A path as text that can be printed and stored as UTF-8, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def decoder_warnings() -> Iterator[dict[int, Warned]]:
    """Collect what Pillow warns of while files are read, which would reach the terminal otherwise.

    Its limit of pixels, which is global and lower than ``LARGEST_IMAGE``, is lifted meanwhile.

    Yields:
        The first warning of each :func:`opened` file, by the identity of the object that was given.
    """
    told: dict[int, Warned] = {}
    others = warnings.showwarning

    def collect(  # noqa: PLR0913, PLR0917  # the signature of warnings.showwarning
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        source = getattr(_reading, "source", None)
        if source is None or Path(filename).parent != _PILLOW:
            others(message, category, filename, lineno, file, line)
        else:
            told.setdefault(id(source), Warned(name_of(source), _one_line(str(message))))

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    handler = logging.NullHandler()  # what Pillow logs, it raises as well
    logging.getLogger("PIL").addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", module=r"PIL\.")
            warnings.showwarning = collect
            yield told
    finally:
        logging.getLogger("PIL").removeHandler(handler)
        Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def opened(file: ImageSource) -> Iterator[Image.Image]:
    """An image whose pixels are not decoded yet; errors and warnings in the block name the file."""
    if isinstance(file, Path):
        check_file(file)
    _reading.source = file
    try:
        with Image.open(file) if isinstance(file, Path) else file.copy() as image:
            if image.width * image.height > LARGEST_IMAGE:
                raise UserError(
                    f"{name_of(file)} is too large: {image.width} × {image.height} pixels"
                )
            yield image
    except UserError:
        raise
    except Exception as error:  # decoders raise anything for damaged files
        raise UserError(
            f"{name_of(file)} cannot be read as an image: {_reason(error)}; repair or remove it"
        ) from error
    finally:
        _reading.source = None


def name_of(file: ImageSource) -> str:
    """The file; of an image in memory, the file that it came from, or its form."""
    if isinstance(file, Path):
        return shown(file)
    origin = getattr(file, "filename", "")
    return (
        shown(origin) if origin else f"an image of mode {file.mode}, {file.width} × {file.height},"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its format is not known"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())[:200]
