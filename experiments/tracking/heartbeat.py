"""Tells other processes that the process of a run is alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from experiments import schema
from experiments.tracking.record import now_ms
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker

EVERY: Final = 30.0
"""Seconds between heartbeats; far below ``process.DEAD_AFTER``."""

_log = logging.getLogger(__name__)


@contextmanager
def kept_alive(tracker: Tracker, run_id: str, every: float = EVERY) -> Iterator[None]:
    """Update the heartbeat of a run while the block runs, from a thread of its own.

    A heartbeat that cannot be stored is left out.
    """
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every):
            try:
                tracker.annotate(run_id, {schema.HEARTBEAT: str(now_ms())})
            except TrackingError as error:
                _log.debug("no heartbeat: %s", error)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=every)
