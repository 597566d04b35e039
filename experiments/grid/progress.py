"""Progress of a grid: a live bar in a terminal, plain lines in a log file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from experiments.execution.outcome import Outcome
from experiments.grid.estimate import duration
from experiments.trial.spec import TrialSpec

QUIET = 10.0
"""Least number of seconds between plain lines; failures are printed at once."""


class GridProgress:
    """Shows which trials of a grid have ended.

    Attributes:
        bar: a context manager, entered while trials run.

    Args:
        console: where to print.
        specs: the trials to run.
        seconds: estimated time of each; the remaining time follows from those that have ended.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        console: Console,
        specs: Sequence[TrialSpec],
        seconds: Sequence[float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._specs = specs
        self._seconds = seconds
        self._number = {spec.spec_hash: n for n, spec in enumerate(specs)}
        self._clock = clock
        self._printed = clock()
        self._running: set[int] = set()
        self._done = 0
        self._failed = 0
        self.bar = Progress(
            BarColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            console=console,
            get_time=clock,
            speed_estimate_period=float("inf"),
            disable=not console.is_terminal,
        )
        self._task = self.bar.add_task("", total=sum(seconds), status="starting")

    def started(self, number: int) -> None:
        """A trial has begun."""
        self._running.add(number)
        self._show()

    def ended(self, outcome: Outcome) -> None:
        """A trial has an outcome."""
        number = self._number[outcome.spec_hash]
        self._running.discard(number)
        if outcome.ending == "stopped":
            return
        self._done += 1
        self.bar.advance(self._task, self._seconds[number])
        if outcome.ending == "failed":
            self._failed += 1
            self.note(f"failed: {self._specs[number].name}: {outcome.error}")
        self._show()

    def note(self, line: str) -> None:
        """Print a line at once."""
        self._console.print(Text(line), soft_wrap=True)

    def _show(self) -> None:
        status = self._status()
        self.bar.update(self._task, status=status)
        due = self._clock() - self._printed >= QUIET or self._done == len(self._specs)
        if self.bar.disable and due:
            self._printed = self._clock()
            self.note(f"{time.strftime('%H:%M:%S')}  {status}")

    def _status(self) -> str:
        parts = [f"{self._done} of {len(self._specs)} done"]
        parts += [f"{self._failed} failed"] if self._failed else []
        parts += [f"{len(self._running)} running"] if self._running else []
        left = self.bar.tasks[0].time_remaining
        if left is not None and self._done < len(self._specs):
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)
