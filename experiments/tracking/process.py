"""Whose run it is: the process that writes it, and whether that process still lives."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

import psutil

BEAT_EVERY = 30.0
DEAD_AFTER = 600.0

_PROC = Path("/proc")
_START_TIME = 19
"""Position of a process's start among the words behind its name in ``/proc/PID/stat``."""


@dataclass(frozen=True)
class Owner:
    """A process, told apart from others of any machine and time.

    Attributes:
        host: name of the machine.
        pid: process number.
        birth: what another process of that number on that machine does not share.
    """

    host: str
    pid: int
    birth: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        return cls(platform.node(), os.getpid(), _birth(os.getpid()) or "")

    @classmethod
    def of(cls, pid: int) -> Owner | None:
        """The process of this machine that has the number now, if there is one."""
        birth = _birth(pid)
        return None if birth is None else cls(platform.node(), pid, birth)

    def to_json(self) -> str:
        """As the tag of a run."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Owner:
        """What :meth:`to_json` wrote."""
        return cls(**json.loads(text))

    def lives(self, beat: int, now: float | None = None) -> bool:
        """Whether the process still runs.

        On this machine that is looked up; of another one only the heartbeat tells.

        Args:
            beat: of its last heartbeat, milliseconds since the epoch.
            now: seconds since the epoch, for tests.
        """
        if self.host == platform.node():
            return _birth(self.pid) == self.birth
        return (time.time() if now is None else now) - beat / 1000 < DEAD_AFTER


def _birth(pid: int) -> str | None:
    """When a process began, in a form that no later setting of the clock changes; ``None`` for
    one that is not there or only waits to be buried."""
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


class Heartbeat:
    """Calls ``beat`` every half minute while the block runs.

    ``beat`` must not raise; one that comes late does no harm before :data:`DEAD_AFTER`.
    """

    def __init__(self, beat: Callable[[], None], every: float = BEAT_EVERY) -> None:
        self._beat = beat
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(timeout=self._every)

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._beat()
