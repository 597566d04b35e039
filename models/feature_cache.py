"""A disk cache of the outputs of frozen layers, shared by trials, processes and grids.

An entry is one safetensors file. Its name is a digest of weights, preprocessing, samples and
arithmetic. It contains features and stages of distinct samples in the order of their digests, so
that the results depend, bit by bit, neither on the order of a training set nor on what was cached
before.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from models.base import Frozen, FrozenOutputs

DEFAULT_LIMIT_BYTES = 20 * 2**30
FEATURES = "features"
STAGE = "stage/"
CHECKSUM = "crc32"
CHUNK = 512
"""Samples per call of the frozen layers: a multiple of their batch sizes."""

Arrays = Mapping[str, NDArray[np.float32]]
Digests = NDArray[np.bytes_]
Progress = Callable[[int, int], None]
"""Is told how many samples are done, and of how many."""

_log = logging.getLogger(__name__)


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
        self._opened: dict[str, Arrays] = {}
        self._pool: tuple[NDArray[np.generic], Digests] | None = None

    def features(
        self, frozen: Frozen, x: NDArray[np.generic], pool: NDArray[np.generic]
    ) -> NDArray[np.float32]:
        """Inputs of the trained body for raw samples ``x`` (n, ...): a new array (n, ...)."""
        return self._outputs(frozen, x, pool, lambda name: name == FEATURES)[FEATURES]

    def stages(
        self, frozen: Frozen, x: NDArray[np.generic], pool: NDArray[np.generic]
    ) -> dict[str, NDArray[np.float32]]:
        """Pooled stages of raw samples ``x`` by name: new arrays (n, d_s)."""
        found = self._outputs(frozen, x, pool, lambda name: name.startswith(STAGE))
        return {name.removeprefix(STAGE): value for name, value in found.items()}

    def _outputs(
        self,
        frozen: Frozen,
        x: NDArray[np.generic],
        pool: NDArray[np.generic],
        wanted: Callable[[str], bool],
    ) -> dict[str, NDArray[np.float32]]:
        outputs: dict[str, NDArray[np.float32]] = {}
        for rows, entry, entry_rows in self._entries(frozen, x, pool):
            for name, values in entry.items():
                if wanted(name):
                    if name not in outputs:
                        outputs[name] = np.empty((len(x), *values.shape[1:]), np.float32)
                    outputs[name][rows] = values[entry_rows]
        return outputs

    def _entries(
        self, frozen: Frozen, x: NDArray[np.generic], pool: NDArray[np.generic]
    ) -> Iterator[tuple[NDArray[np.intp], Arrays, NDArray[np.intp]]]:
        """Rows of ``x``, the entry that contains them, and their rows in the entry."""
        digests, pool_digests = row_digests(x), self._digests_of_pool(pool)
        in_pool = np.isin(digests, pool_digests)
        own = np.flatnonzero(~in_pool)
        for rows, source, source_digests in (
            (np.flatnonzero(in_pool), pool, pool_digests),
            (own, x[own], digests[own]),
        ):
            if len(rows):
                distinct, first = np.unique(source_digests, return_index=True)
                entry = self._entry(frozen, distinct, source, first)
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
        source_rows: NDArray[np.intp],
    ) -> Arrays:
        """The entry of these distinct samples: from memory, from disk, or computed."""
        key = _entry_key(frozen, digests)
        if key not in self._opened:
            path = self._directory / f"{key}.safetensors"
            self._opened[key] = _read(path) or self._compute(
                path, lambda: self._outputs_of(frozen, source, source_rows)
            )
        return self._opened[key]

    def _outputs_of(
        self, frozen: Frozen, source: NDArray[np.generic], rows: NDArray[np.intp]
    ) -> Arrays:
        """The outputs for these rows, in chunks: only a chunk of the samples is copied."""
        parts: list[Arrays] = []
        for start in range(0, len(rows), CHUNK):
            self._progress(start, len(rows))
            parts.append(_named(frozen(source[rows[start : start + CHUNK]])))
        self._progress(len(rows), len(rows))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _compute(self, path: Path, outputs: Callable[[], Arrays]) -> Arrays:
        with ExitStack() as held:
            if not self._lock(path, held):
                return outputs()
            found = _read(path)  # another process may have stored it in the meantime
            if found is None:
                computed = outputs()
                self._store(path, computed)
                found = _read(path) or computed
            return found

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

    def _store(self, path: Path, arrays: Arrays) -> None:
        size = sum(values.nbytes for values in arrays.values())
        if size > self._limit_bytes:
            _warn_once(
                self._directory, f"is limited to {self._limit_bytes} bytes, less than one entry"
            )
            return
        partial = path.with_suffix(".partial")
        tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
        try:
            save_file(tensors, partial, metadata={CHECKSUM: _checksum(arrays)})
            partial.replace(path)
            self._evict()
        except (OSError, SafetensorError) as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            _warn_once(self._directory, f"cannot be written ({error})")

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
    arrays = {FEATURES: outputs.features}
    arrays |= {STAGE + name: values for name, values in outputs.stages.items()}
    # convolutions of channels-last images give features that are not contiguous
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _read(path: Path) -> Arrays | None:
    """The arrays of an entry, memory-mapped; ``None`` if it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            arrays = {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118  # not a dict
            expected = (file.metadata() or {}).get(CHECKSUM)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError) as error:
        _log.info("entry %s of the feature cache cannot be read: %s", path.name, error)
        return None
    if _checksum(arrays) != expected:
        _log.info("entry %s of the feature cache is damaged", path.name)
        return None
    with suppress(OSError):  # in a read-only directory entries keep their age
        os.utime(path)
    return arrays


def _checksum(arrays: Arrays) -> str:
    checksum = 0
    for name in sorted(arrays):
        checksum = zlib.crc32(np.ascontiguousarray(arrays[name]).data, checksum)
    return f"{checksum:08x}"


@cache
def _warn_once(directory: Path, reason: str) -> None:
    _log.warning("the feature cache %s %s: frozen features are not stored", directory, reason)
