"""Which process writes a run, and whether that process is still alive."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from experiments import schema

DEAD_AFTER: Final = 600.0
"""Seconds without a heartbeat after which a process on another machine counts as dead."""

_PROC = Path("/proc")
_START_TIME: Final = 19
"""Position of the start time among the words that follow the name in ``/proc/PID/stat``."""


@dataclass(frozen=True)
class Owner:
    """The identity of a process, unique across machines and time.

    Attributes:
        host: name of the machine.
        pid: process number.
        birth: when the process started; a later process of the same number differs in it.
    """

    host: str
    pid: int
    birth: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        return cls(platform.node(), os.getpid(), _birth(os.getpid()) or "")

    def to_json(self) -> str:
        """As the tag of a run."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Owner:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: if the text is no owner.
        """
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(f"no owner of a run: {text!r}") from error

    def alive(self, heartbeat: int = 0) -> bool:
        """Whether the process still runs.

        Args:
            heartbeat: time of its last heartbeat, milliseconds since the epoch. Only a process of
                another machine is judged by it.
        """
        if self.host == platform.node():
            return _birth(self.pid) == self.birth
        return time.time() - heartbeat / 1000 < DEAD_AFTER


def owner_tags() -> dict[str, str]:
    """Tags of a run that this process writes."""
    return {schema.OWNER: Owner.here().to_json(), schema.HEARTBEAT: str(int(time.time() * 1000))}


def _birth(pid: int) -> str | None:
    """When a process started, unaffected by changes of the clock; ``None`` if it has ended."""
    try:
        if _PROC.joinpath("self", "stat").exists():
            words = _PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
            return None if words[0] == "Z" else f"{_boot()}/{words[_START_TIME]}"
        process = psutil.Process(pid)
        dead = process.status() == psutil.STATUS_ZOMBIE
        return None if dead else f"{process.create_time():.2f}"
    except (OSError, psutil.NoSuchProcess):
        return None


@cache
def _boot() -> str:
    return _PROC.joinpath("sys/kernel/random/boot_id").read_text().strip()
