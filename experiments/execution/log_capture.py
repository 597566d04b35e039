"""The log of a trial: its log records and warnings, with the time of each line."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

from experiments.tracking.uri import without_secrets

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class TrialLog(logging.Handler):
    """Collects log records as lines of text."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Add one record."""
        self._lines.append(without_secrets(self.format(record)))

    def note(self, message: str) -> None:
        """Add a line of the trial's own."""
        self.handle(logging.LogRecord("trial", logging.INFO, "", 0, message, None, None))

    def text(self) -> str:
        """All lines so far."""
        return "".join(f"{line}\n" for line in self._lines)


@contextlib.contextmanager
def captured(log: TrialLog) -> Iterator[None]:
    """Collect the log records and warnings of the block in ``log``.

    Each trial reports a warning anew, not only the first trial of a process.
    """
    root = logging.getLogger()
    root.addHandler(log)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, category, file, line, *_: log.note(
                f"{category.__name__}: {message} ({file}:{line})"
            )
            yield
    finally:
        root.removeHandler(log)
