"""Files below the data root: locate them, and download those that have a public address.

pooch downloads and verifies; this module adds several mirrors per file, one download for concurrent
processes, archives that appear only when completely extracted, and one-line errors."""

from __future__ import annotations

import errno
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
from filelock import FileLock

from common.errors import UserError
from experiments.datasets.base import DATA_ROOT_VARIABLE

NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class PublicFile:
    """A file that can be downloaded.

    Attributes:
        path: relative to the data root.
        addresses: URLs, tried in this order.
        checksum: ``"md5:..."`` or ``"sha256:..."`` of its content.
    """

    path: str
    addresses: tuple[str, ...]
    checksum: str


def required_root(what: str, data_root: Path | None) -> Path:
    """Return the data root; raise ``UserError`` if there is none."""
    if data_root is None:
        raise UserError(f"{what} needs a data root: give --data-root, or set {DATA_ROOT_VARIABLE}")
    return data_root


def missing_files(data_root: Path | None, files: Sequence[PublicFile]) -> str | None:
    """One line that lists the missing files; ``None`` if all exist."""
    absent = [file for file in files if data_root is None or not (data_root / file.path).exists()]
    if not absent:
        return None
    place = "a data root (none is given)" if data_root is None else str(data_root)
    wanted = ", ".join(f"{file.path} from {file.addresses[0]}" for file in absent)
    return f"{wanted} would be downloaded to {place}"


def missing_folder(data_root: Path | None, folder: str, archive: PublicFile) -> str | None:
    """The same for an archive whose folder does not exist; ``None`` if it does."""
    if data_root is not None and (data_root / folder).exists():
        return None
    return missing_files(data_root, [archive])


def fetched(what: str, file: PublicFile, data_root: Path | None) -> Path:
    """Return the path of the file, downloading it first if it is missing.

    A download becomes visible only when it is complete and its checksum matches. Processes that
    need the same file at the same time share one download. An existing file is not verified.
    """
    path = required_root(what, data_root) / file.path
    if not path.exists():
        with exclusive(what, path):
            if not path.exists():
                _download(what, file, path)
    return path


def fetched_folder(what: str, archive: PublicFile, folder: str, data_root: Path | None) -> Path:
    """Return a folder below the data root; if it is missing, download and extract its archive.

    An archive that was downloaded for this purpose is deleted afterwards.
    """
    root = required_root(what, data_root)

    def unpack(half: Path) -> None:
        already_present = (root / archive.path).exists()
        packed = fetched(what, archive, root)
        check_unaltered(what, packed, archive)
        _unpack(packed, half.parent)
        if not already_present:
            packed.unlink()

    return made_folder(what, root / folder, unpack)


def made_folder(what: str, path: Path, make: Callable[[Path], None]) -> Path:
    """Return the path of the folder; if it is missing, ``make`` creates it at a temporary path.

    The folder appears only when it is complete, and concurrent processes create it once.
    """
    if not path.exists():
        with exclusive(what, path), TemporaryDirectory(dir=path.parent, prefix=".") as elsewhere:
            if not path.exists():
                half = Path(elsewhere) / path.name
                make(half)
                half.rename(path)
    return path


def _unpack(packed: Path, folder: Path) -> None:
    """Extract a tar or zip archive; no member can be written outside the folder."""
    if tarfile.is_tarfile(packed):
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
    else:
        with zipfile.ZipFile(packed) as zipped:
            zipped.extractall(folder)  # noqa: S202  # zipfile drops ".." and leading slashes


@contextmanager
def exclusive(what: str, path: Path) -> Iterator[None]:
    """Hold a lock while creating ``path``, so that concurrent processes wait.

    Raises ``UserError`` if its folder is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        raise UserError(
            f"{what}: {path} is missing and cannot be created: {path.parent} is not writable"
        ) from error


def _download(what: str, file: PublicFile, path: Path) -> None:
    failures = []
    for address in file.addresses:
        try:
            pooch.retrieve(address, known_hash=file.checksum, fname=path.name, path=path.parent)
        except (OSError, ValueError) as error:  # no connection, a broken one, a wrong checksum
            if getattr(error, "errno", None) in NOT_WRITABLE:
                raise
            failures.append(f"{address}: {' '.join(str(error).split())}")
        else:
            return
    raise UserError(f"{what}: {path} is missing and the download failed: {'; '.join(failures)}")


def check_unaltered(what: str, path: Path, file: PublicFile) -> None:
    """Raise ``UserError`` unless the whole content matches the published checksum."""
    algorithm, _, expected = file.checksum.partition(":")
    found = pooch.file_hash(str(path), alg=algorithm)
    if found != expected:
        raise UserError(
            f"{what}: {path} is truncated or altered ({algorithm} {found}, published: {expected}); "
            f"delete it to download it again from {file.addresses[0]}"
        )
