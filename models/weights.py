"""Published weight files: found, or fetched, and always checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pooch
from filelock import FileLock

from common.errors import UserError

USER_CACHE = "influence-signals"


@dataclass(frozen=True)
class WeightsFile:
    """One published file.

    Attributes:
        name: of the file, below ``weights/`` of the data root.
        url: its public address.
        sha256: of its content, hex.
    """

    name: str
    url: str
    sha256: str

    def path(self, root: Path | None) -> Path:
        """Where the file lies or would go: below ``root``, or else in the user's cache folder."""
        return (root or Path(pooch.os_cache(USER_CACHE))) / "weights" / self.name

    def missing(self, root: Path | None) -> str | None:
        """What :meth:`fetch` would have to download; ``None`` if nothing."""
        path = self.path(root)
        return None if path.is_file() else f"{path} (from {self.url})"

    def fetch(self, root: Path | None) -> Path:
        """The path of the file, downloaded if need be, its checksum verified.

        Of several processes that miss it at once, one downloads it.

        Raises:
            UserError: if it cannot be had, or its content is not the published one.
        """
        path = self.path(root)
        if not path.is_file():
            self._download(path)
        found = file_sha256(path)
        if found != self.sha256:
            raise UserError(
                f"weights {path}: sha256 must be {self.sha256}, however: {found}; remove the file "
                "to have it fetched again"
            )
        return path

    def _download(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(f".{path.name}.lock")):
                if not path.is_file():
                    pooch.retrieve(
                        self.url, f"sha256:{self.sha256}", fname=path.name, path=path.parent
                    )
        except (OSError, ValueError) as error:  # network or disk, and pooch's wrong checksum
            raise UserError(
                f"weights {self.name} cannot be fetched from {self.url}: {_first_line(error)}; "
                f"put the file at {path}"
            ) from error


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, computed again when size or modification time change."""
    stat = path.stat()
    return _file_sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=16)
def _file_sha256(path: Path, size: int, mtime_ns: int) -> str:
    del size, mtime_ns  # part of the key only
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
