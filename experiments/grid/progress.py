"""How far a grid is: a live bar in a terminal, plain lines in a log file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from experiments.execution.job import Task
from experiments.execution.outcome import Outcome
from experiments.grid.estimate import duration

QUIET = 10.0
"""Seconds between plain lines, at least; failures are said at once."""


class TimeLeft:
    """Time that is left, from estimates that are corrected as trials end.

    Args:
        estimates: seconds of each trial, alone.
        measured: whether they were measured on earlier runs.
    """

    def __init__(self, estimates: Sequence[float], measured: bool) -> None:
        self._estimates = estimates
        self._open = float(sum(estimates))
        self._expected = 0.0
        self._spent = 0.0
        self._measured = measured
        self._most = 1

    def ended(self, number: int, seconds: float) -> None:
        """A trial has ended."""
        self._open -= self._estimates[number]
        if seconds > 0:
            self._expected += self._estimates[number]
            self._spent += seconds

    def seconds(self, running: int) -> float | None:
        """Seconds left with this many trials at once; ``None`` while nothing is known.

        >>> left = TimeLeft([10.0, 10.0, 10.0], measured=False)
        >>> left.seconds(running=2) is None
        True
        >>> left.ended(0, seconds=5.0)
        >>> left.seconds(running=2)
        5.0
        """
        self._most = max(self._most, running)
        if not self._spent and not self._measured:
            return None
        correction = self._spent / self._expected if self._expected else 1.0
        return max(self._open, 0.0) * correction / self._most


class Watch:
    """Shows what it is told. A context manager.

    Args:
        console: where to.
        tasks: the trials to run.
        estimates: seconds of each.
        measured: whether these come from earlier runs.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        console: Console,
        tasks: Sequence[Task],
        estimates: Sequence[float],
        measured: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._tasks = tasks
        self._number = {task.spec.spec_hash: n for n, task in enumerate(tasks)}
        self._left = TimeLeft(estimates, measured)
        self._clock = clock
        self._said = clock()
        self._running: set[int] = set()
        self._done = 0
        self._failed = 0
        self._bar: Progress | None = None
        self._bar_task = TaskID(0)

    def __enter__(self) -> Watch:
        if self._console.is_terminal:
            columns = (
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[status]}", markup=False),
            )
            self._bar = Progress(*columns, console=self._console)
            self._bar_task = self._bar.add_task("", total=len(self._tasks), status="starting")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def started(self, number: int) -> None:
        """A trial begins."""
        self._running.add(number)
        self._show(at_once=False)

    def ended(self, outcome: Outcome) -> None:
        """A trial has an outcome."""
        number = self._number[outcome.spec_hash]
        self._running.discard(number)
        self._left.ended(number, outcome.seconds)
        if outcome.ending == "stopped":
            return
        self._done += 1
        if outcome.ending == "failed":
            self._failed += 1
            self.note(f"failed: {self._tasks[number].spec.name}: {outcome.error}")
        if self._bar is not None or self._done + len(self._running) == len(self._tasks):
            self._show(at_once=self._done == len(self._tasks))  # else the next trial's start shows

    def note(self, line: str) -> None:
        """Say a line at once."""
        self._console.print(Text(line), soft_wrap=True)

    def _show(self, at_once: bool) -> None:
        if self._bar is not None:
            status = ", ".join(self._parts())
            self._bar.update(self._bar_task, completed=self._done, status=status)
        elif at_once or self._clock() - self._said >= QUIET:
            self._said = self._clock()
            stamp = time.strftime("%H:%M:%S")
            parts = [f"{self._done} of {len(self._tasks)} done", *self._parts()]
            self.note(f"{stamp}  {', '.join(parts)}")

    def _parts(self) -> list[str]:
        parts = [f"{self._failed} failed"] if self._failed else []
        if self._running:
            parts.append(f"{len(self._running)} running")
        left = self._left.seconds(len(self._running))
        if left is not None and self._done < len(self._tasks):
            parts.append(f"about {duration(left)} left")
        return parts
