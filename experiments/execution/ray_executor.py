"""Spreads trials over cores or a cluster by Ray Tune."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from experiments.execution.interrupts import interruptible
from experiments.execution.job import Job, Task
from experiments.execution.outcome import Observer
from experiments.execution.pool import Pool
from experiments.execution.queue import TaskQueue
from experiments.execution.ray_api import RayError, ray, tune
from experiments.execution.tune_adapters import (
    TASK,
    QueueScheduler,
    QueueSearcher,
    Reporter,
    TrialActor,
)
from experiments.machine import MIB
from experiments.tracking.retry import one_line

_log = logging.getLogger(__name__)


def execute(tasks: Sequence[Task], job: Job, pool: Pool, observer: Observer) -> None:
    """Run all trials on the open cluster and return when each has an outcome.

    The first Ctrl-C lets the running trials finish and starts no other; the second one, or
    SIGTERM, stops at once. Worker processes that die are replaced.
    """
    queue = TaskQueue(tasks, pool.attempts, observer.ended)

    def stop() -> None:
        queue.stopping = True
        observer.note("finishing the running trials; Ctrl-C again stops at once")

    with interruptible(stop):
        try:
            while not queue.over:
                _fit(queue, tasks, job, pool, observer)
        except KeyboardInterrupt:
            observer.note("stopping now")
    if queue.reason is not None:
        observer.note(f"no further trial was started: {queue.reason}")
    queue.abandon()


def _fit(queue: TaskQueue, tasks: Sequence[Task], job: Job, pool: Pool, observer: Observer) -> None:
    """Run the waiting trials by one call of Ray Tune; trials that it loses wait again."""
    at_once = _trials_at_once(job, pool)
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(at_once)
    with TemporaryDirectory(prefix="influence-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(
                    TrialActor, job=job, tasks=list(tasks), driver=platform.node()
                ),
                lambda config: resources(tasks[config[TASK]], job),
            ),
            tune_config=tune.TuneConfig(
                num_samples=len(tasks) * pool.attempts + 1,
                search_alg=QueueSearcher(queue, at_once),
                scheduler=QueueScheduler(queue),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="grid",
                storage_path=scratch,
                verbose=0,
                callbacks=[Reporter(queue, observer.started)],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            tuner.fit()
        except (tune.TuneError, RayError, RuntimeError) as error:
            _log.warning("Ray Tune failed and starts again: %s", one_line(error))
            for number in sorted(queue.running):
                queue.lost(number, f"its worker was lost: {one_line(error)}")


def _trials_at_once(job: Job, pool: Pool) -> int:
    """Trials that Ray Tune may hold at once, running or about to run.

    On its own cores it may hold twice as many as can run, so that no core waits for a trial. In a
    cluster only this number keeps trials from using more cores than were asked for.
    """
    if pool.address is not None and pool.cpus is not None:
        return max(pool.cpus // job.context.threads, 1)
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own gap
    return max(2 * int(total["CPU"]) // job.context.threads, 1)


def resources(task: Task, job: Job) -> tune.PlacementGroupFactory:
    """What Ray sets aside for a trial: cores, a part of a GPU if it uses one, and memory."""
    bundle: dict[str, float] = {"CPU": job.context.threads}
    if job.context.device.startswith("cuda"):
        bundle["GPU"] = 1 / job.context.trials_per_gpu
    if task.memory_mib is not None:
        bundle["memory"] = task.memory_mib * MIB
    return tune.PlacementGroupFactory([bundle])
