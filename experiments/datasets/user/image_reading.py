"""Image files of any size and mode, or images in memory, as one array of 8-bit images.

Files are read twice: first their headers (and the pixels of those modes that have no fixed range),
then their pixels, reduced while they are decoded where the format can do that. Threads share the
files: decoders release Python's lock, and threads cost no start. Memory holds one image for each
thread, and the result only if it is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from common.progress import Progress, silent
from experiments.datasets.user.image_decoding import (
    GREY_MODES,
    LARGEST_SIDE,
    Header,
    decoded,
    header_of,
)
from experiments.datasets.user.image_files import ImageSource, decoder_warnings, name_of, opened
from experiments.datasets.user.image_levels import Levels
from experiments.datasets.user.image_notes import reading_notes, revealing, warning_notes
from experiments.datasets.user.pixel_store import IN_MEMORY_BYTES, pixel_store
from experiments.machine import check_memory, cores
from glitches.images import matched

CHUNK = 64
"""Files that a thread reads at a time."""
CHECKING, READING = "files checked", "images read"
"""Steps whose progress is told."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Images:
    """Images as one array.

    Attributes:
        x: uint8, (n, height, width, 1 or 3).
        notes: one sentence for each thing that was changed.
    """

    x: NDArray[np.uint8]
    notes: tuple[str, ...]


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
    headers: list[Header] = []
    with decoder_warnings() as warned:
        for chunk in _mapped(files, _headers, _chunks(files)):
            headers += chunk
            progress(CHECKING, len(headers), len(files))
        (width, height), usual = Counter(header.size for header in headers).most_common(1)[0]
        shrink = min(1.0, LARGEST_SIDE / max(height, width))
        height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
        channels = 1 if all(h.mode in GREY_MODES or h.deep for h in headers) else 3
        _check_memory(files, headers, height * width * channels)
        levels = Levels.of(files, headers, (width, height))
        with pixel_store((len(files), height, width, channels)) as store:

            def read(first: int) -> int:
                chunk = []
                for row in range(first, min(first + CHUNK, len(files))):
                    with opened(files[row]) as image:
                        pixels = levels.eight_bits(decoded(image, headers[row], (width, height)))
                    chunk.append(matched(pixels[None], height, width, channels))
                store.write(first, np.concatenate(chunk))
                return len(chunk)

            done = 0
            for count in _mapped(files, read, range(0, len(files), CHUNK)):
                done += count
                progress(READING, done, len(files))
            x = store.array()
    notes = reading_notes(files, headers, usual, shrink < 1)
    notes += [*levels.notes(), *warning_notes(warned.values()), *revealing(headers, labels)]
    return Images(x, tuple(notes))


def image_sizes(files: Sequence[ImageSource]) -> tuple[tuple[int, int], ...]:
    """Width and height in pixels of each file or image, before anything is resized."""
    with decoder_warnings():
        chunks = _mapped(files, _headers, _chunks(files))
        return tuple(header.size for chunk in chunks for header in chunk)


def _chunks(files: Sequence[ImageSource]) -> list[Sequence[ImageSource]]:
    return [files[first : first + CHUNK] for first in range(0, len(files), CHUNK)]


def _headers(files: Sequence[ImageSource]) -> list[Header]:
    headers = []
    for file in files:
        with opened(file) as image:
            headers.append(header_of(image))
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


def _check_memory(files: Sequence[ImageSource], headers: Sequence[Header], pixels: int) -> None:
    largest = max(range(len(files)), key=lambda row: headers[row].size[0] * headers[row].size[1])
    width, height = headers[largest].size
    check_memory(
        f"{len(files)} images, the largest {name_of(files[largest])} with {width} × {height} "
        "pixels,",
        min(len(files) * pixels, IN_MEMORY_BYTES) + 8 * width * height,
    )
