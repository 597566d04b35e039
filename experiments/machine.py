"""Cores and memory that this process may use, limits of containers included."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

MIB = 2**20
_CGROUP = Path("/sys/fs/cgroup")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def cores() -> int:
    """Cores that processes here may use, at least 1."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _cgroup("cpu.max")
    if quota is not None and quota[0] != "max":
        found = min(found or 1, int(float(quota[0]) / float(quota[1])))
    return max(found or 1, 1)


def total_mib() -> float:
    """Memory that processes here may use together, MiB."""
    total = float(psutil.virtual_memory().total)
    return min(total, _cgroup_bytes("memory.max")) / MIB


def available_mib() -> float:
    """Memory that is left without swapping, MiB."""
    limit = _cgroup_bytes("memory.max")
    left = limit - _cgroup_bytes("memory.current", 0.0) + _cgroup_inactive()
    return min(float(psutil.virtual_memory().available), left) / MIB


def resident_mib() -> float:
    """Resident memory of this process, MiB."""
    return float(psutil.Process().memory_info().rss) / MIB


def reset_peak() -> None:
    """Let the peak of resident memory begin anew, where the system can: a worker runs many trials
    and each wants its own."""
    with contextlib.suppress(OSError):  # not there, or not allowed: the peak stays the process's
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
    """File pages that the kernel can drop at once."""
    words = _cgroup("memory.stat") or []
    known = dict(zip(words[::2], words[1::2], strict=False))
    return float(known.get("inactive_file", 0))
