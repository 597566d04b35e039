"""Spreads trials over cores or a cluster by Ray Tune. The only module that imports Ray."""

from __future__ import annotations

import logging
import os
import platform
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

# Ray reads its environment when it is imported.
_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # no progress tables of its own
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under uv it would send the working tree to workers
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",  # a driver whose head died ends, and soon
    "RAY_memory_monitor_refresh_ms": "0",  # a worker that it ends takes the whole grid along
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # what is finished stands in MLflow
    "TUNE_WARN_THRESHOLD_S": "60",
}
for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

import ray  # noqa: E402 - behind its environment, as all below
from ray import tune  # noqa: E402
from ray.exceptions import RayError  # noqa: E402
from ray.tune.error import TuneError  # noqa: E402
from ray.tune.progress_reporter import TrialProgressCallback  # noqa: E402
from ray.tune.schedulers import FIFOScheduler  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

from common.errors import UserError  # noqa: E402
from experiments.execution.outcome import Outcome  # noqa: E402
from experiments.execution.queue import TaskQueue  # noqa: E402
from experiments.execution.scratch import own_scratch  # noqa: E402
from experiments.execution.worker import Job, Task, Worker  # noqa: E402
from experiments.machine import MIB, cores, total_mib  # noqa: E402
from experiments.tracking.retry import one_line  # noqa: E402
from experiments.tracking.uri import PROJECT, sqlite_file  # noqa: E402
from experiments.training.context import default_cache, default_data_root  # noqa: E402

PACKAGES = ("common", "glitches", "models", "influence", "experiments")
OBJECT_STORE = 256 * MIB
LOOPBACK = "127.0.0.1"
STARTS = 3
ECHO = 2.0
"""Seconds in which SIGTERM behind SIGINT is the echo of it: ``mlflow run`` passes Ctrl-C on so."""

_TASK, _OUTCOME = "task", "outcome"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pool:
    """Where trials run.

    Attributes:
        cpus: how many cores to use at most; all by default.
        address: of an existing Ray cluster, ``host:port`` or ``auto``; one of its own by default.
        attempts: how often a trial is begun at most, if its surroundings fail.
    """

    cpus: int | None = None
    address: str | None = None
    attempts: int = 3

    def slots(self, threads: int) -> int:
        """Trials at once, as far as this machine knows."""
        return max((self.cpus or cores()) // threads, 1)


@dataclass(frozen=True)
class Observer:
    """Who is told of what happens.

    Attributes:
        started: the number of a trial that begins.
        ended: the outcome of each trial, once.
        note: one line on anything else.
    """

    started: Callable[[int], None]
    ended: Callable[[Outcome], None]
    note: Callable[[str], None]


def execute(tasks: Sequence[Task], job: Job, pool: Pool, observer: Observer) -> None:
    """Run all trials on the open :func:`cluster`, and come back when each has an outcome.

    The first Ctrl-C lets the running trials finish and begins no other; the second one, or a
    SIGTERM, stops at once. Worker processes that die are replaced.
    """
    queue = TaskQueue(tasks, pool.attempts, observer.ended)
    with _interruptible(queue, observer.note):
        try:
            while not queue.over:
                _fit(queue, tasks, job, pool, observer)
        except KeyboardInterrupt:
            observer.note("stopping now")
    if queue.reason is not None:
        observer.note(f"no further trial was begun: {queue.reason}")
    queue.abandon()


def _fit(queue: TaskQueue, tasks: Sequence[Task], job: Job, pool: Pool, observer: Observer) -> None:
    """One call of Ray Tune for all trials that wait; what it loses when it breaks waits again."""
    at_once = _taken_at_once(job, pool)
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(at_once)
    with TemporaryDirectory(prefix="influence-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(_Slot, job=job, tasks=list(tasks), driver=platform.node()),
                lambda config: _resources(tasks[config[_TASK]], job),
            ),
            tune_config=tune.TuneConfig(
                num_samples=len(tasks) * pool.attempts + 1,
                search_alg=_Source(queue, at_once),
                scheduler=_Scheduler(queue),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="grid",
                storage_path=scratch,
                verbose=0,
                callbacks=[_Reporter(queue, observer)],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            tuner.fit()
        except (TuneError, RayError, RuntimeError) as error:
            _log.warning("Ray Tune broke off and starts again: %s", one_line(error))
            for number in sorted(queue.running):
                queue.lost(number, f"its worker was lost: {one_line(error)}")


class _Slot(tune.Trainable):
    """An actor of Ray Tune: one worker, and one trial after another."""

    def setup(self, config: dict[str, Any], **shared: Any) -> None:
        """Begin with what all trials share: the job, the tasks, and the driver's host."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to interpret
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
        """The next trial may come."""
        return True

    def cleanup(self) -> None:
        """No further trial will come."""
        self._scratch.__exit__(None, None, None)

    def step(self) -> dict[str, Any]:
        """Run one trial from beginning to end."""
        return {"done": True, _OUTCOME: self._worker.run(self._tasks[self.config[_TASK]])}


class _NotRestored:
    """Ray Tune stores its parts to restore a grid from them; this grid goes on from MLflow."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Source(_NotRestored, Searcher):
    """Hands the queue's trials to Ray Tune."""

    def __init__(self, queue: TaskQueue, at_once: int) -> None:
        super().__init__()
        self._queue = queue
        self._at_once = at_once

    def suggest(self, trial_id: str) -> Any:
        """The next trial, ``None`` for the moment, or that there are no more."""
        if self._queue.over:
            return Searcher.FINISHED
        number = self._queue.take() if len(self._queue.running) < self._at_once else None
        return None if number is None else {_TASK: number}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Outcomes come through the reporter."""


class _Scheduler(_NotRestored, FIFOScheduler):
    """Runs trials as they come; takes those back that have not begun when the grid stops."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """None in particular: Ray Tune then begins whatever waits."""
        if self._queue.stopping:
            for trial in list(tune_controller.get_live_trials()):
                if trial.status == "PENDING":
                    self._queue.put_back(trial.config[_TASK])
                    tune_controller.stop_trial(trial)


class _Reporter(_NotRestored, TrialProgressCallback):
    """Takes outcomes from Ray Tune to the queue; in place of Ray's own, which prints."""

    def __init__(self, queue: TaskQueue, observer: Observer) -> None:
        self._queue = queue
        self._observer = observer

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        self._observer.started(trial.config[_TASK])

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        # taken out, since Ray Tune would keep it, parcel and all, for as long as the grid runs
        self._queue.report(trial.config[_TASK], result.pop(_OUTCOME))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        error = trial.get_error()
        why = "its worker process died" if error is None else one_line(error)
        self._queue.lost(trial.config[_TASK], why)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Its outcome was taken when it came; one that was put back has none."""


def _taken_at_once(job: Job, pool: Pool) -> int:
    """Trials that Ray Tune may hold at once, running or about to.

    On cores of its own it may hold as many again as can run, so that none of them waits. In a
    cluster nothing but this number keeps trials from spreading over more than the cores asked for.
    """
    if pool.address is not None and pool.cpus is not None:
        return max(pool.cpus // job.context.threads, 1)
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own gap
    return max(2 * int(total["CPU"]) // job.context.threads, 1)


def _resources(task: Task, job: Job) -> tune.PlacementGroupFactory:
    bundle: dict[str, float] = {"CPU": job.context.threads}
    if job.context.device.startswith("cuda"):
        bundle["GPU"] = 1
    if task.memory_mib is not None:
        bundle["memory"] = task.memory_mib * MIB
    return tune.PlacementGroupFactory([bundle])


@contextmanager
def cluster(pool: Pool, threads: int, uri: str) -> Iterator[None]:
    """Start Ray, or join the cluster that the pool names, for as long as the block runs.

    Args:
        pool: where trials run.
        threads: of one trial.
        uri: of the tracking store, which must serve every node.

    Raises ``UserError`` where the cluster does not answer, or could not log its runs.
    """
    check_pool(pool)
    # where the project is run but not installed, workers find it so
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray prints a paragraph for every worker that dies; the outcome of its trial says it in a line
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # outcomes say what it would say
    # a Ray of this machine alone listens on it alone; otherwise Ray would replace the address
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = pool.address is not None
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if pool.address is None:
        _start(
            address="local",  # without it, a cluster that someone started here would be joined
            _node_ip_address=LOOPBACK,
            num_cpus=max(pool.cpus or cores(), threads),
            include_dashboard=False,
            object_store_memory=OBJECT_STORE,
            _memory=int(total_mib() * MIB) - OBJECT_STORE,
            **common,
        )
    else:
        _start(address=pool.address, runtime_env=_shipped(), **common)
    try:
        _check_nodes(uri)
        yield
    finally:
        ray.shutdown()


def _start(**options: Any) -> None:
    """``ray.init``, tried again: on a busy machine Ray's own processes miss their time limits."""
    for left in reversed(range(STARTS)):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray raises no narrower class
            ray.shutdown()
            if not left:
                raise UserError(f"Ray does not start: {one_line(error)}") from error
            _log.warning("Ray does not start and is tried again: %s", one_line(error))


def nodes() -> str:
    """The nodes and cores of the open :func:`cluster`, in words."""
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own gap
    alive = [node for node in _nodes() if node["Alive"]]
    return f"{len(alive)} node{'s' * (len(alive) != 1)} and {total['CPU']:g} cores"


def _nodes() -> list[dict[str, Any]]:
    return list(ray.nodes())  # type: ignore[no-untyped-call]  # Ray's own gap


def _shipped() -> dict[str, Any]:
    """The project's code for nodes of a cluster: that of the driver, whatever they hold."""
    return {
        "py_modules": [str(PROJECT / package) for package in PACKAGES],
        "env_vars": {"RAY_CHDIR_TO_TRIAL_DIR": "0"},
    }


def check_pool(pool: Pool) -> None:
    """Raise ``UserError`` where nothing answers at the address of the cluster to join."""
    if pool.address is None or pool.address == "auto":
        return
    host, _, port = pool.address.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"ray_address must be host:port or auto, however: {pool.address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"no Ray cluster answers at {pool.address}: {one_line(error)}") from error


def _check_nodes(uri: str) -> None:
    hosts = {node["NodeManagerHostname"] for node in _nodes() if node["Alive"]}
    if sqlite_file(uri) is not None and hosts - {platform.node()}:
        raise UserError(
            f"the Ray cluster spans {', '.join(sorted(hosts))}, however a SQLite tracking store "
            "serves one machine: give the URI of an MLflow server"
        )


@contextmanager
def _interruptible(queue: TaskQueue, note: Callable[[str], None]) -> Iterator[None]:
    interrupted: float | None = None

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted is not None:
            raise KeyboardInterrupt
        interrupted = time.monotonic()
        queue.stopping = True
        note("finishing the trials that run; Ctrl-C again stops at once")

    def on_terminate(number: int, frame: FrameType | None) -> None:
        if interrupted is None or time.monotonic() - interrupted > ECHO:
            raise KeyboardInterrupt

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, on_interrupt),
        signal.SIGTERM: signal.signal(signal.SIGTERM, on_terminate),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
