"""The versions of code and libraries that the results of a trial depend on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
# Everything that a trial may import; a test compares it with what trials do import.
_SOURCES = (
    "common",
    "glitches",
    "models",
    "influence",
    "experiments/__init__.py",
    "experiments/schema.py",
    "experiments/machine.py",
    "experiments/datasets",
    "experiments/training",
    "experiments/trial",
)
_LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "timm", "captum")
_LENGTH = 12


@cache
def code_version(root: Path = _ROOT) -> str:
    """First twelve hex digits of the SHA-256 of the sources below ``root`` that results depend on.

    The file names are hashed too, so that a file that moves changes the version.
    """
    digest = hashlib.sha256()
    for path in source_files(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:_LENGTH]


def source_files(root: Path = _ROOT) -> list[Path]:
    """The files that are hashed, in the order in which they are hashed."""
    found: list[Path] = []
    for source in _SOURCES:
        path = root / source
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


@cache
def library_versions() -> str:
    """Python and the libraries that results depend on, in one line."""
    found = [f"python {platform.python_version()}"]
    found += [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    return ", ".join(found)
