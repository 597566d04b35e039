"""Published weight files: downloaded if missing or part of an installed package, and verified."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import pooch
from filelock import FileLock

from common.errors import UserError

USER_CACHE = "influence-signals"


class Weights(Protocol):
    """Where the weights of a model come from."""

    def missing(self, root: Path | None) -> str | None:
        """The file that :meth:`fetch` lacks, and its source; ``None`` if it is there."""
        ...

    def fetch(self, root: Path | None) -> Path:
        """The path of the file, which is obtained if need be and verified.

        Raises:
            UserError: the file cannot be had, or its content is not the published one.
        """
        ...


@dataclass(frozen=True)
class WeightsFile:
    """One published file.

    Attributes:
        name: of the file, below ``weights/`` of the data root.
        url: its public address.
        sha256: of its content, hex; ``None`` accepts any content.
    """

    name: str
    url: str
    sha256: str | None

    def path(self, root: Path | None) -> Path:
        """Path of the file: below ``root`` or, by default, in the user's cache folder."""
        return (root or Path(pooch.os_cache(USER_CACHE))) / "weights" / self.name

    def missing(self, root: Path | None) -> str | None:
        """The file that :meth:`fetch` would download, and its source; ``None`` if it is there."""
        path = self.path(root)
        return None if path.is_file() else f"{path} (from {self.url})"

    def fetch(self, root: Path | None) -> Path:
        """The path of the file, downloaded if missing, its checksum verified.

        If several processes miss it at once, one of them downloads it.

        Raises:
            UserError: the file cannot be downloaded, or its content is not the published one.
        """
        path = self.path(root)
        if not path.is_file():
            self._download(path)
        if self.sha256 is not None:
            _verify(path, self.sha256, "remove the file to download it again")
        return path

    def _download(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(f".{path.name}.lock")):
                if not path.is_file():
                    known = self.sha256 and f"sha256:{self.sha256}"
                    pooch.retrieve(self.url, known, fname=path.name, path=path.parent)
        except (OSError, ValueError) as error:  # network or disk, and pooch's wrong checksum
            raise UserError(
                f"weights {self.name} cannot be downloaded from {self.url}: {_first_line(error)}; "
                f"put the file at {path}"
            ) from error


@dataclass(frozen=True)
class PackagedWeights:
    """A file of an installed Python distribution, found without importing the distribution's code.

    Attributes:
        distribution: its name in the package registry.
        name: of the file.
        sha256: of its content, hex.
    """

    distribution: str
    name: str
    sha256: str

    def missing(self, root: Path | None) -> str | None:
        """As of :class:`Weights`; the root does not matter."""
        path = self._path()
        if path is not None and path.is_file():
            return None
        return f"{self.name} (from the package {self.distribution})"

    def fetch(self, root: Path | None) -> Path:
        """As of :class:`Weights`; the root does not matter."""
        path = self._path()
        if path is None or not path.is_file():
            raise UserError(
                f"weights {self.name} are missing: install the package {self.distribution}"
            )
        _verify(path, self.sha256, f"reinstall the package {self.distribution}")
        return path

    def _path(self) -> Path | None:
        try:
            files = importlib.metadata.files(self.distribution) or ()
        except importlib.metadata.PackageNotFoundError:
            return None
        return next((Path(str(file.locate())) for file in files if file.name == self.name), None)


def _verify(path: Path, expected: str, remedy: str) -> None:
    found = file_sha256(path)
    if found != expected:
        raise UserError(f"weights {path}: sha256 must be {expected}, got {found}; {remedy}")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, kept until its size or modification time changes."""
    stat = path.stat()
    return _file_sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=16)
def _file_sha256(path: Path, size: int, mtime_ns: int) -> str:
    del size, mtime_ns  # part of the key only
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
