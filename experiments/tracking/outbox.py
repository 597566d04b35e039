"""Results that could not be logged, kept on disk until the next start logs them."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from uuid import uuid4

from experiments import schema
from experiments.tracking.record import RunRecord
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker

SPOOL_VARIABLE = "INFLUENCE_SPOOL"
_RECORD = "record.json"
_FILES = "files"
_log = logging.getLogger(__name__)


def default_spool() -> Path:
    """From the environment, or in the user's state folder."""
    value = os.environ.get(SPOOL_VARIABLE)
    if value:
        return Path(value).resolve()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "influence-signals" / "spool"


def pack(record: RunRecord, artifacts: Path) -> bytes:
    """A run with its files, as one parcel."""
    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w") as archive:
        archive.writestr(_RECORD, record.to_json())
        for path in sorted(artifacts.rglob("*")):
            if path.is_file():
                archive.write(path, f"{_FILES}/{path.relative_to(artifacts).as_posix()}")
    return parcel.getvalue()


def record_of(parcel: bytes) -> RunRecord:
    """The run in a parcel, without its files."""
    with zipfile.ZipFile(io.BytesIO(parcel)) as archive:
        return RunRecord.from_json(archive.read(_RECORD).decode())


@contextmanager
def unpacked(parcel: Path) -> Iterator[tuple[RunRecord, Path]]:
    """The run and a directory with its files, for as long as the block runs."""
    with zipfile.ZipFile(parcel) as archive, TemporaryDirectory(prefix="influence-") as folder:
        for member in archive.namelist():
            inside = PurePosixPath(member).parts
            if inside[0] == _FILES:
                if ".." in inside:
                    raise zipfile.BadZipFile(f"a parcel must not name {member!r}")
                target = Path(folder, *inside[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
        yield RunRecord.from_json(archive.read(_RECORD).decode()), Path(folder)


@dataclass(frozen=True)
class Spool:
    """Parcels of one experiment in one store.

    Attributes:
        folder: where they lie.
    """

    folder: Path

    @classmethod
    def of(cls, uri: str, experiment: str, base: Path | None = None) -> Spool:
        """That of an experiment, by name; the URI, which may hold a password, is hashed."""
        key = hashlib.sha256(f"{uri}\0{experiment}".encode()).hexdigest()[:16]
        return cls((base or default_spool()) / key)

    def add(self, parcel: bytes) -> None:
        """Keep a parcel, whole or not at all. Raises ``OSError`` where there is no room."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"{uuid4().hex}.zip"
        draft = target.with_suffix(".tmp")
        try:
            draft.write_bytes(parcel)
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def parcels(self) -> list[Path]:
        """All parcels, in no particular order."""
        return sorted(self.folder.glob("*.zip"))

    def deliver(self, tracker: Tracker) -> int:
        """Log what is there; stops where the store is still away.

        Returns:
            How many runs were logged.
        """
        delivered = 0
        for parcel in self.parcels():
            try:
                with unpacked(parcel) as (record, artifacts):
                    _log_once(tracker, record, artifacts)
            except zipfile.BadZipFile:
                _log.warning("%s is damaged and was set aside", parcel)
                parcel.replace(parcel.with_suffix(".damaged"))
                continue
            except TrackingError as error:
                _log.warning("%s cannot be logged yet: %s", parcel, error)
                return delivered
            parcel.unlink()
            delivered += 1
        return delivered


def _log_once(tracker: Tracker, record: RunRecord, artifacts: Path) -> None:
    """Log the run under the grid that ran it, unless its spec is finished already."""
    if tracker.runs_of(record.spec_hash, "attributes.status = 'FINISHED'"):
        return
    parent = record.tags.get(schema.PARENT)
    writer = tracker if parent is None else tracker.under(parent)
    writer.finish(writer.start(record), record, artifacts)
