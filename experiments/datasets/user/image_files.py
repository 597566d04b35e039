"""Image files of any size and mode, or images in memory, as one array of 8-bit images.

Files are read twice: first their headers (and the pixels of those modes that have no fixed range),
then their pixels, reduced while they are decoded where the format can do that. Threads share the
files: decoders release Python's lock, and threads cost no start. Memory holds one image for each
thread, and the result only if it is small.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from common.errors import UserError
from common.progress import Progress, silent
from experiments.datasets.user.labels import listed
from experiments.datasets.user.pixel_store import IN_MEMORY_BYTES, pixel_store
from experiments.machine import check_memory, cores
from glitches.images import matched

LARGEST_SIDE = 224
"""Pixels: the input size of the largest backbones."""
LARGEST_IMAGE = 500_000_000
"""Pixels of one file; more is refused, as it would take gigabytes to decode."""
CHUNK = 64
"""Files that a thread reads at a time."""
CHECKING, READING = "files checked", "images read"
"""Steps whose progress is told."""
FRAMES = 32
"""Frames of one file that are compared."""

Item = TypeVar("Item")
Result = TypeVar("Result")

ImageSource = Path | Image.Image
"""A file, or an image in memory, which stays as it is."""

GREY_MODES = frozenset({"1", "L", "LA", "La"})
_MULTIFRAME = frozenset({"GIF", "TIFF", "WEBP", "PNG"})
_NO_PIXELS = frozenset({"BUFR", "GRIB", "HDF5", "MPEG", "WMF", "EPS"})
"""Formats that Pillow recognises but cannot decode by itself."""
_ORIENTATION = 0x0112
_ROTATED = range(5, 9)


@dataclass(frozen=True)
class Images:
    """Images as one array.

    Attributes:
        x: uint8, (n, height, width, 1 or 3).
        notes: one sentence for each thing that was changed.
    """

    x: NDArray[np.uint8]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Header:
    size: tuple[int, int]
    mode: str
    format: str
    frames: int
    transparent: bool

    @property
    def deep(self) -> bool:
        return _is_deep(self.mode)


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
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with Image.open(file) as image:
            return image.format not in _NO_PIXELS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def read_images(
    files: Sequence[ImageSource], labels: Sequence[object] = (), progress: Progress = silent
) -> Images:
    """Read files, or images in memory, as images of one shape: the most common size among them, at
    most 224 pixels a side, and grey only if all of them are.

    Args:
        files: at least one.
        labels: of the files, to note properties of the files that give labels away.
        progress: is told how many files are read.

    Raises:
        UserError: naming a file that cannot be read, or if memory or the temporary folder have no
            room for the result.
    """
    headers: list[_Header] = []
    with _without_pixel_limit():
        for chunk in _mapped(files, _headers, _chunks(files)):
            headers += chunk
            progress(CHECKING, len(headers), len(files))
        (width, height), usual = Counter(header.size for header in headers).most_common(1)[0]
        shrink = min(1.0, LARGEST_SIDE / max(height, width))
        height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
        channels = 1 if all(h.mode in GREY_MODES or h.deep for h in headers) else 3
        _check_memory(files, headers, height * width * channels)
        levels = _Levels.of(files, headers, (width, height))
        with pixel_store((len(files), height, width, channels)) as store:

            def read(first: int) -> int:
                chunk = []
                for row in range(first, min(first + CHUNK, len(files))):
                    with _opened(files[row]) as image:
                        pixels = levels.eight_bits(_decoded(image, headers[row], (width, height)))
                    chunk.append(matched(pixels[None], height, width, channels))
                store.write(first, np.concatenate(chunk))
                return len(chunk)

            done = 0
            for count in _mapped(files, read, range(0, len(files), CHUNK)):
                done += count
                progress(READING, done, len(files))
            x = store.array()
    notes = _notes(files, headers, usual, shrink < 1)
    return Images(x, (*notes, *levels.notes(), *_revealing(headers, labels)))


def image_sizes(files: Sequence[ImageSource]) -> tuple[tuple[int, int], ...]:
    """Width and height in pixels of each file or image, before anything is resized."""
    with _without_pixel_limit():
        chunks = _mapped(files, _headers, _chunks(files))
        return tuple(header.size for chunk in chunks for header in chunk)


def _chunks(files: Sequence[ImageSource]) -> list[Sequence[ImageSource]]:
    return [files[first : first + CHUNK] for first in range(0, len(files), CHUNK)]


def _headers(files: Sequence[ImageSource]) -> list[_Header]:
    headers = []
    for file in files:
        with _opened(file) as image:
            headers.append(_header(image))
    return headers


def _mapped(
    files: Sequence[ImageSource], task: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result]:
    """The results of parts of the files, in order; the error is that of the first part that has
    one. Threads share files, but not images in memory, of which one may occur twice."""
    threads = min(cores(), len(items))
    if threads < 2 or not all(isinstance(file, Path) for file in files):
        yield from map(task, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(task, items)


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
def _without_pixel_limit() -> Iterator[None]:
    """Pillow's limit is global, and lower than ``LARGEST_IMAGE``."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def _opened(file: ImageSource) -> Iterator[Image.Image]:
    """An image whose pixels are not decoded yet; errors in the block name the file."""
    if isinstance(file, Path):
        check_file(file)
    try:
        with Image.open(file) if isinstance(file, Path) else file.copy() as image:
            if image.width * image.height > LARGEST_IMAGE:
                raise UserError(
                    f"{_name(file)} is too large: {image.width} × {image.height} pixels"
                )
            yield image
    except UserError:
        raise
    except Exception as error:  # decoders raise anything for damaged files
        raise UserError(
            f"{_name(file)} cannot be read as an image: {_reason(error)}; repair or remove it"
        ) from error


def _name(file: ImageSource) -> str:
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
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())[:200]


def _header(image: Image.Image) -> _Header:
    width, height = image.size
    if image.getexif().get(_ORIENTATION) in _ROTATED:
        width, height = height, width
    several = image.format in _MULTIFRAME
    return _Header(
        (width, height),
        image.mode,
        str(image.format),
        int(getattr(image, "n_frames", 1)) if several else 1,
        bool(image.has_transparency_data),
    )


def _check_memory(files: Sequence[ImageSource], headers: Sequence[_Header], pixels: int) -> None:
    largest = max(range(len(files)), key=lambda row: headers[row].size[0] * headers[row].size[1])
    width, height = headers[largest].size
    check_memory(
        f"{len(files)} images, the largest {_name(files[largest])} with {width} × {height} pixels,",
        min(len(files) * pixels, IN_MEMORY_BYTES) + 8 * width * height,
    )


def _decoded(image: Image.Image, header: _Header, size: tuple[int, int]) -> Image.Image:
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
        values = np.asarray(image if _is_deep(image.mode) else image.convert("L"), np.float64)
        if values.std() > contrast:
            best, contrast = image.copy(), float(values.std())
    return best


def _is_deep(mode: str) -> bool:
    """Whether an image of this mode has more than 8 bits."""
    return mode[0] in "IF"


@dataclass(frozen=True)
class _Levels:
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
        cls, files: Sequence[ImageSource], headers: Sequence[_Header], size: tuple[int, int]
    ) -> _Levels:
        lows, highs, light, weight = [], [], 0.0, 0.0
        deep = transparent = 0
        for file, header in zip(files, headers, strict=True):
            if header.deep:
                with _opened(file) as image:
                    values = _values(_decoded(image, header, size))
                if not np.isfinite(values).all():
                    raise UserError(f"{_name(file)} has pixels that are not finite")
                lows.append(float(values.min()))
                highs.append(float(values.max()))
                deep += 1
            elif header.transparent:
                with _opened(file) as image:
                    rgba = _decoded(image, header, size).convert("RGBA")
                alpha = np.asarray(rgba.getchannel("A"), np.float64) / 255
                if (alpha < 1).any():
                    light += float((np.asarray(rgba.convert("L")) * alpha).sum())
                    weight += float(alpha.sum())
                    transparent += 1
        background = 255 if not weight or light / weight < 128 else 0
        return cls(min(lows, default=0.0), max(highs, default=255.0), background, deep, transparent)

    def eight_bits(self, image: Image.Image) -> NDArray[np.uint8]:
        """Pixels (height, width, 1 or 3)."""
        if _is_deep(image.mode):
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


def _notes(
    files: Sequence[ImageSource], headers: Sequence[_Header], usual: int, shrunk: bool
) -> list[str]:
    notes = []
    (width, height), _ = Counter(header.size for header in headers).most_common(1)[0]
    if usual < len(files):
        notes.append(
            f"{len(files) - usual} of {len(files)} images have another size than the most common "
            f"one, {width} × {height}: resized to it"
        )
    if shrunk:
        notes.append(f"images were reduced to at most {LARGEST_SIDE} pixels a side")
    modes = Counter(header.mode for header in headers)
    if len(modes) > 1:
        counts = ", ".join(f"{mode} {count}" for mode, count in modes.most_common())
        notes.append(f"images have several modes ({counts}): all were converted to grey or colour")
    several = [
        shown(Path(_name(f)).name) for f, h in zip(files, headers, strict=True) if h.frames > 1
    ]
    if several:
        notes.append(
            f"{len(several)} files have several frames ({listed(several[:1])} first): the frame "
            "with the highest contrast is used"
        )
    return notes


def _revealing(headers: Sequence[_Header], labels: Sequence[object]) -> list[str]:
    """Notes on properties of the files from which the label follows."""
    found = []
    for what, values in (
        ("size in pixels", [header.size for header in headers]),
        ("mode", [header.mode for header in headers]),
        ("file format", [header.format for header in headers]),
    ):
        pairs = Counter(zip(values, labels, strict=False))
        best: dict[object, int] = {}
        for (value, _), count in pairs.items():
            best[value] = max(best.get(value, 0), count)
        usual = max(Counter(labels).values(), default=0)
        if 1 < len(best) <= len(labels) / 4 and sum(best.values()) >= 0.98 * len(labels) > usual:
            share = sum(best.values()) / len(labels)
            found.append(
                f"the {what} alone gives the label of {share:.0%} of the images: the model may "
                "learn that instead of the content"
            )
    return found
