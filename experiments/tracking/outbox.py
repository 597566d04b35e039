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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from experiments import schema
from experiments.tracking.record import RunRecord
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker

OUTBOX_VARIABLE: Final = "INFLUENCE_SPOOL"
_RECORD: Final = "record.json"
_FILES: Final = "files"
_log = logging.getLogger(__name__)


def default_folder() -> Path:
    """The folder of all outboxes: from the environment, or in the user's state folder."""
    value = os.environ.get(OUTBOX_VARIABLE)
    if value:
        return Path(value).resolve()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "influence-signals" / "spool"


def pack(record: RunRecord, artifacts: Path) -> bytes:
    """A run and its files as one zip file, a parcel."""
    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w") as archive:
        archive.writestr(_RECORD, record.to_json())
        for path in sorted(artifacts.rglob("*")):
            archive.write(path, f"{_FILES}/{path.relative_to(artifacts).as_posix()}")
    return parcel.getvalue()


def record_of(parcel: bytes) -> RunRecord:
    """The run in a parcel, without its files."""
    with zipfile.ZipFile(io.BytesIO(parcel)) as archive:
        return RunRecord.from_json(archive.read(_RECORD).decode())


@contextmanager
def _unpacked(parcel: Path) -> Iterator[tuple[RunRecord, Path]]:
    """The run and a directory with its files, for as long as the block runs."""
    with TemporaryDirectory(prefix="influence-") as folder:
        with zipfile.ZipFile(parcel) as archive:
            archive.extractall(folder)  # drops ".." from the names of members
        files = Path(folder, _FILES)
        files.mkdir(exist_ok=True)
        yield record_of(parcel.read_bytes()), files


@dataclass(frozen=True)
class Outbox:
    """The parcels of one experiment in one store.

    Attributes:
        folder: that holds them.
    """

    folder: Path

    @classmethod
    def of(cls, uri: str, experiment: str, base: Path | None = None) -> Outbox:
        """The outbox of an experiment; the URI, which may hold a password, is hashed."""
        key = hashlib.sha256(f"{uri}\0{experiment}".encode()).hexdigest()[:16]
        return cls((base or default_folder()) / key)

    def add(self, parcel: bytes) -> None:
        """Keep a parcel, whole or not at all.

        Raises:
            OSError: if it cannot be written.
        """
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
        """All parcels."""
        return sorted(self.folder.glob("*.zip"))

    def deliver(self, tracker: Tracker) -> int:
        """Log the parcels, until the store fails.

        Returns:
            How many runs were logged.
        """
        delivered = 0
        for parcel in self.parcels():
            try:
                with _unpacked(parcel) as (record, artifacts):
                    _log_once(tracker, record, artifacts)
            except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
                _log.warning("%s is damaged and was set aside: %s", parcel, error)
                parcel.replace(parcel.with_suffix(".damaged"))
                continue
            except TrackingError as error:
                _log.warning("%s cannot be logged yet: %s", parcel, error)
                break
            parcel.unlink()
            delivered += 1
        return delivered


def _log_once(tracker: Tracker, record: RunRecord, artifacts: Path) -> None:
    """Log the run below the grid that ran it, unless its spec has been finished since."""
    if tracker.runs_of(record.spec_hash, "attributes.status = 'FINISHED'"):
        return
    parent = record.tags.get(schema.PARENT)
    writer = tracker if parent is None else tracker.under(parent)
    writer.finish(writer.start(record), record, artifacts)
