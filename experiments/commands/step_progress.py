"""Progress of the long steps of a command: a bar in a terminal, plain lines in a log file."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from experiments.grid.estimate import duration

QUIET = 10.0
"""Least number of seconds between plain lines, and before the first one of a step."""


class StepProgress:
    """Shows how far each step is and how much time it has left. A context manager, called as
    ``progress(step, done, total)``.

    Args:
        console: where to print.
        clock: seconds, for tests.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._first: dict[str, tuple[float, int]] = {}
        self._printed = clock()

    def __enter__(self) -> StepProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step)
            self._first[step] = self._clock(), done
        self._bar.update(self._tasks[step], completed=done, total=total)
        if self._bar.disable and done < total:
            self._print(step, done, total)

    def _print(self, step: str, done: int, total: int) -> None:
        now = self._clock()
        if now - self._printed < QUIET:
            return
        self._printed = now
        left = ""
        started, before = self._first[step]
        if done > before:
            seconds = (now - started) / (done - before) * (total - done)
            left = f", about {duration(seconds)} left"
        self._console.print(f"{step}: {done} of {total}{left}")
