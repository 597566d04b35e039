"""Which trials are waiting, running or ended, and which of them are tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from experiments.execution.job import Task
from experiments.execution.outcome import Outcome

FRUITLESS = 5
"""Consecutive failures that are no fault of the trials, after which no further trial starts."""


class TaskQueue:
    """Hands out trials, and takes back those that failed through no fault of their own.

    Attributes:
        running: numbers of the trials that were taken and have not ended.
        stopping: set it to start no further trial.
        reason: why the queue itself has set ``stopping``.

    Args:
        tasks: in the order in which they are to run.
        attempts: how often a trial is started at most if its machine or process fails.
        ended: called once for each trial, with its final outcome.
    """

    def __init__(
        self, tasks: Sequence[Task], attempts: int, ended: Callable[[Outcome], None]
    ) -> None:
        self._tasks = tasks
        self._waiting = deque(range(len(tasks)))
        self._starts = [0] * len(tasks)
        self._attempts = attempts
        self._ended = ended
        self._in_a_row = 0
        self.running: set[int] = set()
        self.stopping = False
        self.reason: str | None = None

    @property
    def over(self) -> bool:
        """Whether no trial is left to start, now or later."""
        return self.stopping or not (self._waiting or self.running)

    def take(self) -> int | None:
        """The number of the next trial to start, ``None`` while there is none."""
        if self.stopping or not self._waiting:
            return None
        number = self._waiting.popleft()
        self._starts[number] += 1
        self.running.add(number)
        return number

    def put_back(self, number: int) -> None:
        """Return a trial that was taken but has not started."""
        self.running.discard(number)
        self._starts[number] -= 1
        self._waiting.appendleft(number)

    def report(self, number: int, outcome: Outcome) -> None:
        """A trial has ended; if its machine or process failed, it is queued again."""
        self.running.discard(number)
        if outcome.ending != "failed" or outcome.own_fault:
            self._in_a_row = 0
        else:
            self._in_a_row += 1
            if self._in_a_row >= FRUITLESS:
                self.stopping = True
                self.reason = f"{FRUITLESS} trials in a row failed: {outcome.error}"
            elif self._starts[number] < self._attempts and not self.stopping:
                # first in line: if it is to blame, the next attempt says so, before others of its
                # kind look like a failure of the machine
                self._waiting.appendleft(number)
                return
        self._ended(outcome)

    def lost(self, number: int, why: str) -> None:
        """A trial's process has died."""
        spec_hash = self._tasks[number].spec.spec_hash
        self.report(number, Outcome(spec_hash, "failed", error=why, own_fault=False))

    def abandon(self) -> None:
        """No trial runs any more: report those that did not end as stopped."""
        for number in [*sorted(self.running), *self._waiting]:
            self._ended(Outcome(self._tasks[number].spec.spec_hash, "stopped"))
        self.running.clear()
        self._waiting.clear()
