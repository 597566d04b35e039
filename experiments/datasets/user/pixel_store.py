"""The pixels of a set of images: in memory, or in a temporary file where they are many."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from experiments.machine import MIB

IN_MEMORY_BYTES = 256 * MIB


class PixelStore(Protocol):
    """An array of images that is filled in any order, also by several threads."""

    def write(self, first: int, images: NDArray[np.uint8]) -> None:
        """Store images, (k, height, width, channels), from a row on."""
        ...

    def array(self) -> NDArray[np.uint8]:
        """All images, (n, height, width, channels)."""
        ...


@contextmanager
def pixel_store(shape: tuple[int, ...]) -> Iterator[PixelStore]:
    """A store for images of this shape, (n, height, width, channels); its array outlives the block.

    Raises ``UserError`` if the temporary folder has no room for them.
    """
    if prod(shape) <= IN_MEMORY_BYTES:
        yield _Memory(shape)
        return
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if prod(shape) > free:
        raise _refusal(shape, f"{free / MIB:.0f} are free")
    try:
        with tempfile.TemporaryFile() as file:
            yield _File(file, shape)
    except OSError as error:
        raise _refusal(shape, str(error.strerror)) from error


class _Memory:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._images = np.empty(shape, np.uint8)

    def write(self, first: int, images: NDArray[np.uint8]) -> None:
        self._images[first : first + len(images)] = images

    def array(self) -> NDArray[np.uint8]:
        return self._images


class _File:
    """The file has no name: it is gone when the process ends, however it ends. It is written by
    calls that fail where the disk is full; a mapping would kill the process."""

    def __init__(self, file: BinaryIO, shape: tuple[int, ...]) -> None:
        self._file = file
        self._shape = shape

    def write(self, first: int, images: NDArray[np.uint8]) -> None:
        content = memoryview(images.tobytes())
        place = first * prod(self._shape[1:])
        while content:
            written = os.pwrite(self._file.fileno(), content, place)
            content, place = content[written:], place + written

    def array(self) -> NDArray[np.uint8]:
        return np.asarray(np.memmap(self._file, np.uint8, "r", shape=self._shape))


def _refusal(shape: tuple[int, ...], reason: str) -> UserError:
    return UserError(
        f"{shape[0]} images need {prod(shape) / MIB:.0f} MiB in the temporary folder "
        f"{tempfile.gettempdir()}: {reason}; set TMPDIR to a folder with more room"
    )
