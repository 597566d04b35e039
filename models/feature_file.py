"""A safetensors file of float32 arrays that is written row by row and read by memory mapping.

The library writes a file at once, from arrays in memory. The features of a large set need not fit
there. The format: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

CHECKSUM: Final = "crc32"
UNKNOWN: Final = "0" * 8
BLOCK: Final = 1 << 20
ALIGNMENT: Final = 8


@dataclass(frozen=True)
class Entry:
    """Arrays of features by name, and a function that releases the memory that reading mapped ones
    has taken."""

    arrays: Arrays
    release: Callable[[], object] = lambda: None


class FeatureFileWriter:
    """Writes arrays of n rows to a new file, some rows of each at a time.

    Args:
        file: open for reading and writing; empty.
        n: number of rows.
        first: the first rows, which tell names and shapes; they are not written.
    """

    def __init__(self, file: BinaryIO, n: int, first: Arrays) -> None:
        self._file = file
        self._shapes = {name: (n, *first[name].shape[1:]) for name in sorted(first)}
        self._header = len(self._header_bytes(UNKNOWN))
        self._done = 0
        file.write(self._header_bytes(UNKNOWN))

    def write(self, rows: Arrays) -> None:
        """Append rows."""
        begin = self._header
        for name, (n, *rest) in self._shapes.items():
            row_bytes = 4 * int(np.prod(rest))
            self._file.seek(begin + self._done * row_bytes)
            # convolutions of channels-last images give features that are not contiguous
            self._file.write(np.ascontiguousarray(rows[name], np.float32).data)
            begin += n * row_bytes
        self._done += len(next(iter(rows.values())))

    def finish(self) -> None:
        """Store the checksum of what was written."""
        self._file.seek(self._header)
        checksum = 0
        while block := self._file.read(BLOCK):
            checksum = zlib.crc32(block, checksum)
        self._file.seek(0)
        self._file.write(self._header_bytes(f"{checksum:08x}"))
        self._file.flush()

    def _header_bytes(self, checksum: str) -> bytes:
        header: dict[str, object] = {"__metadata__": {CHECKSUM: checksum}}
        begin = 0
        for name, shape in self._shapes.items():
            end = begin + 4 * int(np.prod(shape))
            header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
            begin = end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % ALIGNMENT)
        return len(text).to_bytes(8, "little") + text


def read_feature_file(path: Path) -> Entry | None:
    """The arrays of a file, memory-mapped; ``None`` if it is damaged.

    Raises ``OSError`` if it cannot be read.
    """
    with path.open("rb") as file:
        try:
            header_bytes = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(header_bytes))
            expected = header.pop("__metadata__")[CHECKSUM]
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            arrays = {
                name: np.frombuffer(
                    mapped,
                    np.float32,
                    int(np.prod(stored["shape"])),
                    8 + header_bytes + stored["data_offsets"][0],
                ).reshape(stored["shape"])
                for name, stored in header.items()
            }
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
            return None
    checksum = 0
    for name in sorted(arrays):
        checksum = zlib.crc32(arrays[name].data, checksum)
    entry = Entry(arrays, lambda: mapped.madvise(mmap.MADV_DONTNEED))
    entry.release()
    return entry if f"{checksum:08x}" == expected else None
