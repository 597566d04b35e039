"""What Ctrl-C and SIGTERM do to a command that runs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ECHO: Final = 2.0
"""Seconds after SIGINT in which SIGTERM is taken for its echo: ``mlflow run`` passes Ctrl-C on as
both."""

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C; raise ``KeyboardInterrupt`` at the second and at SIGTERM.

    The former signal handlers are back at the end of the block.
    """
    interrupted: float | None = None

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted is not None:
            raise KeyboardInterrupt
        interrupted = time.monotonic()
        stop()

    def on_terminate(number: int, frame: FrameType | None) -> None:
        if interrupted is None or time.monotonic() - interrupted > ECHO:
            raise KeyboardInterrupt

    with _handled(on_interrupt, on_terminate):
        yield


@contextmanager
def terminable() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` at SIGTERM as at Ctrl-C, so that the block can tidy up.

    The second of two signals that come within ``ECHO`` seconds is ignored. The former signal
    handlers are back at the end of the block.
    """
    last = float("-inf")

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before > ECHO:
            raise KeyboardInterrupt

    with _handled(stop, stop):
        yield


@contextmanager
def _handled(on_interrupt: Handler, on_terminate: Handler) -> Iterator[None]:
    handlers = {signal.SIGINT: on_interrupt, signal.SIGTERM: on_terminate}
    former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
