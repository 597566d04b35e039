"""Ends the process of a trial that takes too long or too much memory, saying so first."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from experiments.machine import available_mib, resident_mib

POLL = 0.25
LAST_WORDS = 30.0


@dataclass(frozen=True)
class Limits:
    """What one trial may take.

    Attributes:
        seconds: wall time, if it is limited.
        memory_mib: what is set aside for it. More is no harm while the machine has enough; when
            memory runs out, a trial that is over its share ends.
        reserve_mib: memory that must stay available on the machine.
    """

    seconds: float | None = None
    memory_mib: float | None = None
    reserve_mib: float = 256.0


def _exit() -> None:
    os._exit(1)


@dataclass
class Watchdog:
    """Watches this process from a thread of its own, while the block runs.

    Attributes:
        limits: of the trial.
        last_words: called with one line of why and the highest resident memory seen, MiB, before
            the process ends; it is given half a minute.
        end: ends the process; for tests.
        clock: seconds that do not run while the machine sleeps.
    """

    limits: Limits
    last_words: Callable[[str, float], None]
    end: Callable[[], None] = _exit
    clock: Callable[[], float] = time.monotonic
    peak_mib: float = field(default=0.0, init=False)

    def __enter__(self) -> Watchdog:
        self._started = self.clock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def verdict(self) -> str | None:
        """Why the trial must end now; ``None`` while it may go on."""
        limits = self.limits
        if limits.seconds is not None and self.clock() - self._started > limits.seconds:
            return f"took longer than its limit of {limits.seconds:g} s"
        if limits.memory_mib is None:
            return None
        resident = resident_mib()
        self.peak_mib = max(self.peak_mib, resident)
        if resident > limits.memory_mib and (left := available_mib()) < limits.reserve_mib:
            return (
                f"out of memory: it held {resident:,.0f} MiB, {limits.memory_mib:,.0f} were set "
                f"aside for it, and the machine had {left:,.0f} left"
            )
        return None

    def _run(self) -> None:
        while not self._over.wait(POLL):
            reason = self.verdict()
            if reason is not None:
                self._end(reason)
                return

    def _end(self, reason: str) -> None:
        speaking = threading.Thread(
            target=self.last_words, args=(reason, self.peak_mib), daemon=True
        )
        speaking.start()
        speaking.join(LAST_WORDS)
        self.end()
