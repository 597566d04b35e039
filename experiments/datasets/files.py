"""Files of the data root: finding them, and fetching those that have a public address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch
from filelock import FileLock

from common.errors import UserError


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
        raise UserError(f"{what} needs a data root: give --data-root, or set INFLUENCE_DATA_ROOT")
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
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            return path if path.exists() else _download(what, file, path)
    except PermissionError as error:
        raise UserError(
            f"{what}: {path} is missing, and cannot be fetched since {path.parent} is not writable"
        ) from error


def _download(what: str, file: PublicFile, path: Path) -> Path:
    failures = []
    for address in file.addresses:
        try:
            pooch.retrieve(address, known_hash=file.checksum, fname=path.name, path=path.parent)
        except PermissionError:
            raise
        except (OSError, ValueError) as error:  # no connection, a broken one, a wrong checksum
            failures.append(f"{address}: {' '.join(str(error).split())}")
        else:
            return path
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
