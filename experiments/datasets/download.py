"""Files of the data root: finding them, and fetching those that have a public address."""

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
    """A file that can be fetched.

    Attributes:
        path: where it lies below the data root.
        addresses: where it can be had, in the order of trial.
        checksum: ``"md5:..."`` or ``"sha256:..."`` of its content.
    """

    path: str
    addresses: tuple[str, ...]
    checksum: str


def required_root(what: str, data_root: Path | None) -> Path:
    """The data root; ``UserError`` where none is given."""
    if data_root is None:
        raise UserError(f"{what} needs a data root: give --data-root, or set {DATA_ROOT_VARIABLE}")
    return data_root


def missing_files(data_root: Path | None, files: Sequence[PublicFile]) -> str | None:
    """What to say of those files that are not there; ``None`` if all are."""
    absent = [file for file in files if data_root is None or not (data_root / file.path).exists()]
    if not absent:
        return None
    place = "a data root (none is given)" if data_root is None else str(data_root)
    wanted = ", ".join(f"{file.path} from {file.addresses[0]}" for file in absent)
    return f"{wanted} would go to {place}"


def fetched(what: str, file: PublicFile, data_root: Path | None) -> Path:
    """The file's path; where it is missing it is fetched first.

    A download is visible only when it is whole and its checksum is right. Processes that want
    the same file at once wait for the first of them. A file that is there is not checked.
    """
    path = required_root(what, data_root) / file.path
    if not path.exists():
        with exclusive(what, path):
            if not path.exists():
                _download(what, file, path)
    return path


def fetched_folder(what: str, archive: PublicFile, folder: str, data_root: Path | None) -> Path:
    """A folder of the data root; where it is missing its archive is fetched and unpacked.

    An archive that was fetched for it does not stay.
    """
    root = required_root(what, data_root)

    def unpack(half: Path) -> None:
        was_there = (root / archive.path).exists()
        packed = fetched(what, archive, root)
        check_unaltered(what, packed, archive)
        _unpack(packed, half.parent)
        if not was_there:
            packed.unlink()

    return made_folder(what, root / folder, unpack)


def made_folder(what: str, path: Path, make: Callable[[Path], None]) -> Path:
    """The folder's path; where it is missing ``make`` makes it elsewhere first.

    The folder appears only when it is whole, and processes that want it at once make it once.
    """
    if not path.exists():
        with exclusive(what, path), TemporaryDirectory(dir=path.parent, prefix=".") as elsewhere:
            if not path.exists():
                half = Path(elsewhere) / path.name
                make(half)
                half.rename(path)
    return path


def _unpack(packed: Path, folder: Path) -> None:
    """Unpack a tar or zip archive; nothing in it leaves the folder."""
    if tarfile.is_tarfile(packed):
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
    else:
        with zipfile.ZipFile(packed) as zipped:
            zipped.extractall(folder)  # noqa: S202  # zipfile drops ".." and leading slashes


@contextmanager
def exclusive(what: str, path: Path) -> Iterator[None]:
    """While one process makes ``path``, the others wait.

    Raises ``UserError`` where it may not be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        raise UserError(
            f"{what}: {path} is missing, and cannot be made since {path.parent} is not writable"
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
    raise UserError(f"{what}: {path} is missing and could not be fetched; {'; '.join(failures)}")


def check_unaltered(what: str, path: Path, file: PublicFile) -> None:
    """Raise ``UserError`` unless the file's content is the published one. Reads all of it."""
    algorithm, _, expected = file.checksum.partition(":")
    found = pooch.file_hash(str(path), alg=algorithm)
    if found != expected:
        raise UserError(
            f"{what}: {path} is truncated or altered ({algorithm} {found}, published: {expected}); "
            f"delete it to fetch it again from {file.addresses[0]}"
        )
