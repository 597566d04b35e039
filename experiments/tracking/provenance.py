"""The version of the code that matters for results: a hash of its sources."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
# All that a trial may import; a test compares it with what trials do import.
_SOURCES = (
    "common",
    "glitches",
    "models",
    "influence",
    "experiments/datasets",
    "experiments/training",
    "experiments/trial",
    "experiments/machine.py",
    "experiments/schema.py",
)
_LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "timm", "captum")
_LENGTH = 12


@cache
def code_version() -> str:
    """First twelve hex digits of the SHA-256 of the sources that results depend on."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(_ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:_LENGTH]


def _sources() -> Iterator[Path]:
    for source in _SOURCES:
        path = _ROOT / source
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


@cache
def library_versions() -> str:
    """Python and the libraries that results depend on, in one line."""
    found = [f"python {platform.python_version()}"]
    found += [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    return ", ".join(found)
