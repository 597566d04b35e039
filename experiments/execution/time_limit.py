"""Ends the process of a trial that exceeds its time limit."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

REPORT_WITHIN: Final = 30.0
"""Seconds that the report on a trial may take before its process ends."""


@contextmanager
def time_limit(seconds: float | None, report: Callable[[str], None]) -> Iterator[None]:
    """End this process if the block takes longer than ``seconds``.

    A thread cannot stop the library call in which a trial hangs, so the process has to go. Time in
    which the machine is suspended does not count.

    Args:
        seconds: the limit, ``None`` for none.
        report: called with one line of explanation before the process ends.
    """
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, _end, (f"took longer than its limit of {seconds:g} s", report))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # once the time has run out, the process ends here


def _end(reason: str, report: Callable[[str], None]) -> None:
    reporting = threading.Thread(target=report, args=(reason,), daemon=True)
    reporting.start()
    reporting.join(REPORT_WITHIN)
    os._exit(1)
