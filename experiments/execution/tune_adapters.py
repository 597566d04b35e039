"""What connects Ray Tune to the queue of trials."""

from __future__ import annotations

import platform
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from experiments.execution.job import Job, Task
from experiments.execution.queue import TaskQueue
from experiments.execution.ray_api import FIFOScheduler, Searcher, TrialProgressCallback, tune
from experiments.execution.scratch import own_scratch
from experiments.execution.worker import Worker
from experiments.tracking.retry import one_line
from experiments.training.context import default_cache, default_data_root

TASK: Final = "task"
_OUTCOME: Final = "outcome"


class TrialActor(tune.Trainable):
    """An actor of Ray Tune: one worker that runs one trial after another."""

    def setup(self, config: dict[str, Any], **shared: Any) -> None:
        """Take what all trials share: the job, the tasks, and the name of the driver's host."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what Ctrl-C means
        self._scratch = own_scratch()
        self._scratch.__enter__()
        job: Job = shared["job"]
        if platform.node() != shared["driver"]:
            context = job.context
            root = default_data_root() or context.data_root
            job = replace(job, context=replace(context, data_root=root, cache=default_cache()))
        self._worker = Worker(job)
        self._tasks: list[Task] = shared["tasks"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Accept the next trial."""
        return True

    def cleanup(self) -> None:
        """There is no further trial."""
        self._scratch.__exit__(None, None, None)

    def step(self) -> dict[str, Any]:
        """Run one whole trial."""
        return {"done": True, _OUTCOME: self._worker.run(self._tasks[self.config[TASK]])}


class _NotStored:
    """Ray Tune stores its parts to resume an experiment; a grid resumes from MLflow instead."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class QueueSearcher(_NotStored, Searcher):
    """Hands the queue's trials to Ray Tune, at most ``at_once`` at a time."""

    def __init__(self, queue: TaskQueue, at_once: int) -> None:
        super().__init__()
        self._queue = queue
        self._at_once = at_once

    def suggest(self, trial_id: str) -> Any:
        """The next trial, ``None`` if there is none now, or ``FINISHED``."""
        if self._queue.over:
            return Searcher.FINISHED
        number = self._queue.take() if len(self._queue.running) < self._at_once else None
        return None if number is None else {TASK: number}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing to do: :class:`Reporter` takes the outcomes."""


class QueueScheduler(_NotStored, FIFOScheduler):
    """Runs trials in order; returns those that have not started when the grid stops."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """Choose none, so that Ray Tune starts the trial that has waited longest."""
        if self._queue.stopping:
            for trial in list(tune_controller.get_live_trials()):
                if trial.status == "PENDING":
                    self._queue.put_back(trial.config[TASK])
                    tune_controller.stop_trial(trial)


class Reporter(_NotStored, TrialProgressCallback):
    """Passes starts and outcomes of trials on; replaces the callback of Ray Tune that prints."""

    def __init__(self, queue: TaskQueue, started: Callable[[int], None]) -> None:
        self._queue = queue
        self._started = started

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """A trial starts."""
        self._started(trial.config[TASK])

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """A trial has an outcome."""
        # removed from the result, which Ray Tune keeps in memory until the grid ends
        self._queue.report(trial.config[TASK], result.pop(_OUTCOME))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """The process of a trial has died."""
        error = trial.get_error()
        why = "its worker process died" if error is None else one_line(error)
        self._queue.lost(trial.config[TASK], why)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Nothing to do: the outcome came with the result."""
