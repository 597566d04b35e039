"""A trial's log: what was logged and warned of while it ran, with the time of each line."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator

from experiments.tracking.uri import without_secrets

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class TrialLog(logging.Handler):
    """Collects log records as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        self._lines.append(without_secrets(self.format(record)))

    def note(self, message: str) -> None:
        """Take a line of the trial's own."""
        self.handle(logging.LogRecord("trial", logging.INFO, "", 0, message, None, None))

    def text(self) -> str:
        """All lines so far."""
        return "".join(f"{line}\n" for line in self._lines)


@contextlib.contextmanager
def captured(log: TrialLog) -> Iterator[None]:
    """Collect log records and warnings of the block in ``log``.

    A warning is noted in every trial anew, not only in the first one of a process.
    """
    root = logging.getLogger()
    root.addHandler(log)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _noting(log)
            yield
    finally:
        root.removeHandler(log)


def _noting(log: TrialLog) -> Callable[..., None]:
    def note(
        message: Warning | str, category: type[Warning], file: str, line: int, *_: object
    ) -> None:
        log.note(f"{category.__name__}: {message} ({file}:{line})")

    return note
