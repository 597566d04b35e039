"""Temporary files in one directory a process, so that those of killed processes can be removed."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.tracking.process import Owner

_NAME = re.compile(r"influence-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-(?P<birth>[0-9a-f]{8})-")


@contextmanager
def own_scratch() -> Iterator[Path]:
    """While the block runs, all temporary files of this process lie in a directory of its own,
    whichever library makes them. What dead processes have left is removed before and after.

    Yields:
        The directory.
    """
    sweep()
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=_prefix(Owner.here())) as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
    sweep()


def sweep() -> int:
    """Remove the temporary files of processes of this host that have ended without doing so.

    Returns:
        How many directories there were.
    """
    found = 0
    for folder in Path(tempfile.gettempdir()).glob("influence-*"):
        if folder.is_dir() and _is_left_behind(folder.name):
            shutil.rmtree(folder, ignore_errors=True)  # those of other users are theirs to remove
            found += 1
    return found


def _is_left_behind(name: str) -> bool:
    parts = _NAME.match(name)
    if parts is None or parts["host"] != _digits(Owner.here().host):
        return False
    owner = Owner.of(int(parts["pid"]))
    return owner is None or not name.startswith(_prefix(owner))


def _prefix(owner: Owner) -> str:
    return f"influence-{_digits(owner.host)}-{owner.pid}-{_digits(owner.birth)}-"


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
