"""Which trials wait, run and have ended, and which of them run again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from experiments.execution.outcome import Outcome
from experiments.execution.worker import Task

FRUITLESS = 5
"""After so many faults of the surroundings in a row no further trial is begun."""


class TaskQueue:
    """Hands out trials, and takes back those that ended for no fault of their own.

    Attributes:
        running: numbers of the trials that were taken and have not ended.
        stopping: set it, and no further trial begins.
        reason: why it was set, where the queue itself did so.

    Args:
        tasks: in the order in which they shall run.
        attempts: how often a trial is begun at most, if its surroundings fail.
        ended: called once a trial, with its final outcome.
    """

    def __init__(
        self, tasks: Sequence[Task], attempts: int, ended: Callable[[Outcome], None]
    ) -> None:
        self._tasks = tasks
        self._waiting = deque(range(len(tasks)))
        self._begun = [0] * len(tasks)
        self._attempts = attempts
        self._ended = ended
        self._in_a_row = 0
        self.running: set[int] = set()
        self.stopping = False
        self.reason: str | None = None

    @property
    def waiting(self) -> int:
        """How many trials wait."""
        return len(self._waiting)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be begun, now or later."""
        return self.stopping or not (self._waiting or self.running)

    def take(self) -> int | None:
        """The number of the next trial to begin, ``None`` while there is none."""
        if self.stopping or not self._waiting:
            return None
        number = self._waiting.popleft()
        self._begun[number] += 1
        self.running.add(number)
        return number

    def put_back(self, number: int) -> None:
        """Return a trial that was taken but has not begun."""
        self.running.discard(number)
        self._begun[number] -= 1
        self._waiting.appendleft(number)

    def report(self, number: int, outcome: Outcome) -> None:
        """A trial has ended; one whose surroundings failed waits again."""
        self.running.discard(number)
        if outcome.ending != "failed" or outcome.own_fault:
            self._in_a_row = 0
        else:
            self._in_a_row += 1
            if self._in_a_row >= FRUITLESS:
                self.stopping = True
                self.reason = f"{FRUITLESS} trials in a row failed: {outcome.error}"
            elif self._begun[number] < self._attempts and not self.stopping:
                self._waiting.append(number)
                return
        self._ended(outcome)

    def lost(self, number: int, why: str) -> None:
        """A trial's process has died."""
        spec_hash = self._tasks[number].spec.spec_hash
        self.report(number, Outcome(spec_hash, "failed", error=why, own_fault=False))

    def abandon(self) -> None:
        """Nothing runs any more: report what was not finished as stopped."""
        for number in [*sorted(self.running), *self._waiting]:
            self._ended(Outcome(self._tasks[number].spec.spec_hash, "stopped"))
        self.running.clear()
        self._waiting.clear()
