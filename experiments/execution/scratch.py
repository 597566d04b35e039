"""Private temporary directories that the next start removes if their process was killed."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from common.errors import MachineError
from experiments.tracking.process import Owner
from experiments.tracking.retry import one_line

PREFIX: Final = "influence-"
SHORT: Final = Path("/tmp")  # noqa: S108 - the directories in it are private
"""Where directories go whose paths must be short."""

_OWNER_FILE: Final = "owner.json"


@contextmanager
def own_scratch() -> Iterator[Path]:
    """Keep all temporary files of this process in one private directory while the block runs.

    It holds the files of every library that uses ``tempfile``, and is removed at the end, together
    with the directories of processes that have died.

    Yields:
        The directory.
    """
    before = tempfile.tempdir
    with private_directory() as folder:
        sweep()
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
    sweep()


@contextmanager
def private_directory(base: Path | None = None) -> Iterator[Path]:
    """A directory that only this user can read, in ``base`` or where temporary files go.

    Raises:
        MachineError: if it cannot be made.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix=PREFIX, dir=base, ignore_cleanup_errors=True)
        Path(made.name, _OWNER_FILE).write_text(Owner.here().to_json())
    except OSError as error:
        raise MachineError(f"temporary files cannot be written: {one_line(error)}") from error
    with made as folder:
        yield Path(folder)


def sweep() -> None:
    """Remove the private directories of processes of this machine that have died."""
    for base in {Path(tempfile.gettempdir()), SHORT}:
        for file in base.glob(f"{PREFIX}*/{_OWNER_FILE}"):
            try:
                owner = Owner.from_json(file.read_text())
            except (OSError, ValueError, TypeError):
                continue  # of another user, or of another program
            if owner.host == platform.node() and not owner.alive():
                shutil.rmtree(file.parent, ignore_errors=True)
