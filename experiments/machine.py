"""Cores and memory that this process may use, including the limits of containers."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path

import psutil

from common.errors import UserError

MIB = 2**20
_CGROUP = Path("/sys/fs/cgroup")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def cores() -> int:
    """Number of cores that this process may use, at least 1."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _cgroup("cpu.max")
    if quota is not None and quota[0] != "max":
        found = min(found or 1, int(float(quota[0]) / float(quota[1])))
    return max(found or 1, 1)


def total_mib() -> float:
    """Memory that all processes here may use together, MiB."""
    total = float(psutil.virtual_memory().total)
    return min(total, _cgroup_bytes("memory.max")) / MIB


def available_mib() -> float:
    """Memory that is available without swapping, MiB."""
    limit = _cgroup_bytes("memory.max")
    left = limit - _cgroup_bytes("memory.current", 0.0) + _cgroup_inactive()
    return min(float(psutil.virtual_memory().available), left) / MIB


def check_memory(what: str, needed: float) -> None:
    """Raise ``UserError`` if more memory is needed than is free.

    Args:
        what: the subject of the message, in the plural, with its sizes.
        needed: bytes.
    """
    free = available_mib()
    if needed > free * MIB:
        raise UserError(
            f"{what} need about {needed / MIB:.0f} MiB of memory and {free:.0f} are free"
        )


def peak_mib() -> float:
    """Peak resident memory of this process since its start or the last :func:`reset_peak`, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2


def reset_peak() -> None:
    """Start measuring the peak of resident memory anew: a worker runs many trials, one by one.

    Where the system cannot do this, the peak remains that of the whole process.
    """
    with contextlib.suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK)


def _cgroup(file: str) -> list[str] | None:
    try:
        return (_CGROUP / file).read_text().split()
    except OSError:
        return None


def _cgroup_bytes(file: str, missing: float = float("inf")) -> float:
    words = _cgroup(file)
    return missing if words is None or words[0] == "max" else float(words[0])


def _cgroup_inactive() -> float:
    """Bytes of file pages that the kernel can drop at once."""
    words = _cgroup("memory.stat") or []
    known = dict(zip(words[::2], words[1::2], strict=False))
    return float(known.get("inactive_file", 0))
