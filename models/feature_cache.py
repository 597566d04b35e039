"""A disk cache of the outputs of frozen layers, shared by trials, processes and grids.

An entry is one safetensors file, written chunk by chunk and read by memory mapping, so that memory
need not hold it. Its name is a digest of weights, preprocessing, samples and
arithmetic. It contains features and stages of distinct samples in the order of their digests, so
that the results depend, bit by bit, neither on the order of a training set nor on what was cached
before.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from models.base import Frozen, FrozenOutputs
from models.feature_file import Arrays, Entry, FeatureFileWriter, read_feature_file

DEFAULT_LIMIT_BYTES = 20 * 2**30
FEATURES = "features"
STAGE = "stage/"
CHUNK = 512
"""Samples per call of the frozen layers: a multiple of their batch sizes."""

Digests = NDArray[np.bytes_]
Progress = Callable[[int, int], None]
"""Is told how many samples are done, and of how many."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedOutputs:
    """Outputs of frozen layers for n samples, which stay in the entries of a cache, on disk where
    it can be written, until they are asked for.

    Attributes:
        entries: of the cache.
        entry: for each sample the number of its entry, (n,).
        row: for each sample its row there, (n,).
    """

    entries: tuple[Entry, ...]
    entry: NDArray[np.intp]
    row: NDArray[np.intp]

    def take(self, rows: NDArray[np.int64]) -> CachedOutputs:
        """Those of some samples, in this order."""
        return CachedOutputs(self.entries, self.entry[rows], self.row[rows])

    def features(self) -> NDArray[np.float32]:
        """Inputs of the trained body: a new array (n, ...)."""
        return self._array(FEATURES)

    def stages(
        self, wanted: Callable[[str], bool] = lambda name: True
    ) -> dict[str, NDArray[np.float32]]:
        """Pooled stages by name, those whose names are ``wanted``: new arrays (n, d_s)."""
        names = [
            name.removeprefix(STAGE) for name in self.entries[0].arrays if name.startswith(STAGE)
        ]
        return {name: self._array(STAGE + name) for name in names if wanted(name)}

    def _array(self, name: str) -> NDArray[np.float32]:
        out = np.empty((len(self.row), *self.entries[0].arrays[name].shape[1:]), np.float32)
        for number, entry in enumerate(self.entries):
            here = self.entry == number
            out[here] = entry.arrays[name][self.row[here]]
            entry.release()
        return out


class FeatureCache:
    """Outputs of frozen layers, read from disk or computed and stored.

    Samples of ``pool``, the set that training and validation samples are drawn from, share one
    entry; all others (glitched images, foreign samples) form a second one. If several processes
    miss an entry at once, one of them computes it. A damaged entry is computed again. If the cache
    cannot be written, outputs are computed each time.

    Args:
        directory: of the entries; created if missing.
        limit_bytes: total size of the entries; beyond it the least recently used are removed.
        progress: is told about samples while they are computed.
    """

    def __init__(
        self,
        directory: Path,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._progress = progress
        self._opened: dict[str, Entry] = {}
        self._pool: tuple[NDArray[np.generic], Digests] | None = None

    def outputs(
        self, frozen: Frozen, x: NDArray[np.generic], pool: NDArray[np.generic]
    ) -> CachedOutputs:
        """The outputs of the frozen layers for raw samples ``x`` (n, ...)."""
        entries: list[Entry] = []
        entry, row = np.zeros(len(x), np.intp), np.zeros(len(x), np.intp)
        for rows, found, entry_rows in self._entries(frozen, x, pool):
            entry[rows], row[rows] = len(entries), entry_rows
            entries.append(found)
        return CachedOutputs(tuple(entries), entry, row)

    def _entries(
        self, frozen: Frozen, x: NDArray[np.generic], pool: NDArray[np.generic]
    ) -> Iterator[tuple[NDArray[np.intp], Entry, NDArray[np.intp]]]:
        """Rows of ``x``, the entry that contains them, and their rows in the entry."""
        pool_digests = self._digests_of_pool(pool)
        digests = pool_digests if x is pool else row_digests(x)
        in_pool = np.isin(digests, pool_digests)
        for rows, source, source_digests in (
            (np.flatnonzero(in_pool), pool, pool_digests),
            (np.flatnonzero(~in_pool), x, digests[~in_pool]),
        ):
            if len(rows):
                distinct, first = np.unique(source_digests, return_index=True)
                places = first if source is pool else rows[first]
                entry = self._entry(frozen, distinct, source, places)
                yield rows, entry, np.searchsorted(distinct, digests[rows])

    def _digests_of_pool(self, pool: NDArray[np.generic]) -> Digests:
        """Those of the last pool are kept: an audit asks for every fold."""
        if self._pool is None or self._pool[0] is not pool:
            self._pool = (pool, row_digests(pool))
        return self._pool[1]

    def _entry(
        self,
        frozen: Frozen,
        digests: Digests,
        source: NDArray[np.generic],
        rows: NDArray[np.intp],
    ) -> Entry:
        """The entry of these distinct samples: from memory, from disk, or computed."""
        key = _entry_key(frozen, digests)
        if key not in self._opened:
            path = self._directory / f"{key}.safetensors"
            self._opened[key] = (
                _read(path)
                or self._stored(path, frozen, source, rows)
                or Entry(self._in_memory(frozen, source, rows))
            )
        return self._opened[key]

    def _chunks(
        self, frozen: Frozen, source: NDArray[np.generic], rows: NDArray[np.intp]
    ) -> Iterator[Arrays]:
        """The outputs for these rows, chunk by chunk: only a chunk of the samples is copied."""
        for start in range(0, len(rows), CHUNK):
            self._progress(start, len(rows))
            yield _named(frozen(source[rows[start : start + CHUNK]]))
        self._progress(len(rows), len(rows))

    def _in_memory(
        self, frozen: Frozen, source: NDArray[np.generic], rows: NDArray[np.intp]
    ) -> Arrays:
        out: dict[str, NDArray[np.float32]] = {}
        start = 0
        for chunk in self._chunks(frozen, source, rows):
            for name, values in chunk.items():
                if name not in out:
                    out[name] = np.empty((len(rows), *values.shape[1:]), np.float32)
                out[name][start : start + len(values)] = values
            start += CHUNK
        return out

    def _stored(
        self, path: Path, frozen: Frozen, source: NDArray[np.generic], rows: NDArray[np.intp]
    ) -> Entry | None:
        """The entry, computed and written chunk by chunk; ``None`` if it cannot be written."""
        with ExitStack() as held:
            if not self._lock(path, held):
                return None
            found = _read(path)  # another process may have stored it in the meantime
            if found is not None:
                return found
            partial = path.with_suffix(".partial")
            chunks = self._chunks(frozen, source, rows)
            first = next(chunks)
            if not self._has_room(first, len(rows)):
                return None
            try:
                with partial.open("w+b") as file:
                    writer = FeatureFileWriter(file, len(rows), first)
                    writer.write(first)
                    for chunk in chunks:
                        writer.write(chunk)
                    writer.finish()
                partial.replace(path)
                self._evict()
            except OSError as error:
                _warn_once(self._directory, f"cannot be written ({error})")
                return None
            finally:
                with suppress(OSError):
                    partial.unlink(missing_ok=True)
            return _read(path)

    def _has_room(self, first: Arrays, n: int) -> bool:
        """Whether an entry of n rows may be stored."""
        size = n * sum(values[0].nbytes for values in first.values())
        if size > self._limit_bytes:
            _warn_once(
                self._directory, f"is limited to {self._limit_bytes} bytes, less than one entry"
            )
            return False
        if size > shutil.disk_usage(self._directory).free:
            _warn_once(self._directory, "is on a full disk")
            return False
        return True

    def _lock(self, path: Path, held: ExitStack) -> bool:
        """Acquire the lock of an entry; ``False`` if the directory cannot be written."""
        # Entries share a few lock files, which stay: they cannot be removed safely.
        lock = self._directory / "locks" / f"{path.name[:2]}.lock"
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(lock))
        except OSError as error:
            _warn_once(self._directory, f"cannot be written ({error.strerror})")
            return False
        return True

    def _evict(self) -> None:
        """Remove the least recently used files, including partial files of killed processes."""
        files = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):  # another process removed it
                if path.suffix in {".safetensors", ".partial"}:
                    stat = path.stat()
                    files.append((stat.st_mtime_ns, stat.st_size, path))
        excess = sum(size for _, size, _ in files) - self._limit_bytes
        for _, size, path in sorted(files):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size


def row_digests(x: NDArray[np.generic]) -> Digests:
    """128-bit digest of each row with its type and shape, (n,) strings of hex digits.

    >>> a, b = row_digests(np.array([[1, 2], [1, 2]]))
    >>> bool(a == b), len(a)
    (True, 32)
    """
    start = hashlib.blake2b(f"{x.dtype.str}{x.shape[1:]}".encode(), digest_size=16)
    digests = []
    for row in np.ascontiguousarray(x):
        digest = start.copy()
        digest.update(row)
        digests.append(digest.hexdigest())
    return np.array(digests, dtype="S32")


def _entry_key(frozen: Frozen, digests: Digests) -> str:
    # other versions, instruction sets or numbers of threads may round differently
    arithmetic = (
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
    )
    digest = hashlib.sha256(f"{frozen.key} {arithmetic}".encode())
    digest.update(digests.tobytes())
    return digest.hexdigest()


def _named(outputs: FrozenOutputs) -> Arrays:
    stages = {STAGE + name: values for name, values in outputs.stages.items()}
    return {FEATURES: outputs.features, **stages}


def _read(path: Path) -> Entry | None:
    """An entry on disk; ``None`` if it is missing or damaged."""
    try:
        entry = read_feature_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.info("entry %s of the feature cache cannot be read: %s", path.name, error)
        return None
    if entry is None:
        _log.info("entry %s of the feature cache is damaged", path.name)
        return None
    with suppress(OSError):  # in a read-only directory entries keep their age
        os.utime(path)
    return entry


@cache
def _warn_once(directory: Path, reason: str) -> None:
    _log.warning("the feature cache %s %s: frozen features are not stored", directory, reason)
