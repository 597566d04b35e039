"""What an experiment already holds: finished runs by spec, and runs that their process left."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlflow.entities import Run

from experiments import schema
from experiments.tracking.process import Owner
from experiments.tracking.record import TOTAL
from experiments.tracking.tracker import Tracker, is_over


@dataclass(frozen=True)
class FinishedRun:
    """What is worth knowing of a finished run before another grid starts.

    Attributes:
        run_id: in MLflow.
        spec_hash: what was run.
        code_version: of the code that ran it.
        dataset, digest: name and content of its data.
        model: name of its model.
        seconds: wall time of the trial.
        peak_rss_mib: peak resident memory, MiB.
        subset: share of the dataset that it drew.
    """

    run_id: str
    spec_hash: str
    code_version: str
    dataset: str
    digest: str
    model: str
    seconds: float
    peak_rss_mib: float
    subset: float = 1.0


def search(tracker: Tracker, wanted: str) -> Iterator[Run]:
    """Active runs of the experiment that MLflow's filter ``wanted`` lets through, oldest first."""
    token = None
    while True:
        with _without_cyclic_gc():
            page = tracker.page(wanted, token)
        yield from page
        token = page.token
        if not token:
            return


def finished_runs(tracker: Tracker) -> list[FinishedRun]:
    """Every finished trial of the experiment, oldest first."""
    wanted = f"tags.{schema.KIND} = '{schema.KIND_TRIAL}' and attributes.status = 'FINISHED'"
    return [_finished(run) for run in search(tracker, wanted)]


def _finished(run: Run) -> FinishedRun:
    tags, metrics = run.data.tags, run.data.metrics
    return FinishedRun(
        run_id=run.info.run_id,
        spec_hash=tags.get(schema.SPEC_HASH, ""),
        code_version=tags.get(schema.CODE_VERSION, ""),
        dataset=run.data.params.get("dataset", ""),
        digest=tags.get(schema.DATASET_DIGEST, ""),
        model=run.data.params.get("model", ""),
        seconds=metrics.get(f"{schema.SECONDS}/{TOTAL}", float("nan")),
        peak_rss_mib=metrics.get(schema.PEAK_RSS, float("nan")),
        subset=float(run.data.params.get("subset", "nan")),
    )


def close_orphans(tracker: Tracker) -> list[str]:
    """End the runs that are RUNNING although the process that writes them is gone.

    A trial of a grid belongs to the grid's process; a trial on its own, to its own.

    Returns:
        Names of the runs, which are KILLED now.
    """
    runs = list(search(tracker, "attributes.status = 'RUNNING'"))
    owners = {run.info.run_id: run for run in runs}
    closed = []
    for run in runs:
        if schema.KIND not in run.data.tags:
            continue
        holder = _holder(tracker, run, owners)
        if holder is None or _is_alone(holder):
            tracker.end(run.info.run_id, "KILLED", tags={schema.ERROR: "its process ended"})
            closed.append(str(run.info.run_name))
    return closed


def close_runs_of(tracker: Tracker, owner: Owner) -> None:
    """End the RUNNING runs of a process that is about to end."""
    for run in search(tracker, "attributes.status = 'RUNNING'"):
        if run.data.tags.get(schema.OWNER) == owner.to_json():
            tracker.end(run.info.run_id, "KILLED", tags={schema.ERROR: "interrupted"})


def _holder(tracker: Tracker, run: Run, known: dict[str, Run]) -> Run | None:
    """The run whose tags say which process writes ``run``; ``None`` if that one has ended."""
    parent = run.data.tags.get(schema.PARENT)
    if parent is None or schema.OWNER in run.data.tags:
        return run
    if parent not in known:
        known[parent] = tracker.run(parent)
    return None if is_over(known[parent]) else known[parent]


def _is_alone(run: Run) -> bool:
    tags = run.data.tags
    if schema.OWNER not in tags:
        return True
    return not Owner.from_json(tags[schema.OWNER]).lives(int(tags.get(schema.HEARTBEAT, "0")))


@contextmanager
def _without_cyclic_gc() -> Iterator[None]:
    """Two thirds of a query's time are passes of the cyclic collector over its fresh rows."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
