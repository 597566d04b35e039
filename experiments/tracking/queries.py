"""What an experiment holds: finished runs by spec, and runs whose process has died."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from mlflow.entities import Run

from experiments import schema
from experiments.tracking.paging import paged
from experiments.tracking.process import Owner
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker, is_over

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedRun:
    """What another grid has to know about a finished trial.

    Attributes:
        run_id: in MLflow.
        spec_hash: of the trial.
        code_version: of the code that ran it.
        dataset, digest: name and content hash of its data.
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
    """Active runs of the experiment that match an MLflow filter, oldest first."""
    return paged(lambda token: tracker.page(wanted, token))


def finished_runs(tracker: Tracker) -> list[FinishedRun]:
    """Every finished trial of the experiment, oldest first."""
    wanted = f"tags.{schema.KIND} = '{schema.KIND_TRIAL}' and attributes.status = 'FINISHED'"
    return [_finished(run) for run in search(tracker, wanted)]


def _finished(run: Run) -> FinishedRun:
    tags, metrics, params = run.data.tags, run.data.metrics, run.data.params
    return FinishedRun(
        run_id=run.info.run_id,
        spec_hash=tags.get(schema.SPEC_HASH, ""),
        code_version=tags.get(schema.CODE_VERSION, ""),
        dataset=params.get("dataset", ""),
        digest=tags.get(schema.DATASET_DIGEST, ""),
        model=params.get("model", ""),
        seconds=metrics.get(f"{schema.SECONDS}/{schema.TOTAL}", float("nan")),
        peak_rss_mib=metrics.get(schema.PEAK_RSS, float("nan")),
        subset=_number(params.get("subset", "")),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def close_orphans(tracker: Tracker) -> list[str]:
    """End the runs that are RUNNING although the process that writes them has died.

    A trial of a grid belongs to the process of the grid, any other run to its own. A run whose
    owner cannot be read is left as it is.

    Returns:
        Names of the runs, which are KILLED now.
    """
    runs = list(search(tracker, "attributes.status = 'RUNNING'"))
    known = {run.info.run_id: run for run in runs}
    closed = []
    for run in runs:
        if schema.KIND in run.data.tags and _is_orphan(tracker, run, known):
            tracker.end(run.info.run_id, "KILLED", tags={schema.ERROR: "its process ended"})
            closed.append(str(run.info.run_name))
    return closed


def close_runs_of(tracker: Tracker, owner: Owner) -> None:
    """End the RUNNING runs of a process that is about to end."""
    for run in search(tracker, "attributes.status = 'RUNNING'"):
        if run.data.tags.get(schema.OWNER) == owner.to_json():
            tracker.end(run.info.run_id, "KILLED", tags={schema.ERROR: "interrupted"})


def _is_orphan(tracker: Tracker, run: Run, known: dict[str, Run]) -> bool:
    parent = run.data.tags.get(schema.PARENT)
    if parent is not None and schema.OWNER not in run.data.tags:
        try:
            run = known[parent] = known.get(parent) or tracker.run(parent)
        except TrackingError as error:
            if error.final:  # there is no such run
                return True
            raise
        if is_over(run):
            return True
    tags = run.data.tags
    if schema.OWNER not in tags:
        return True
    try:
        owner = Owner.from_json(tags[schema.OWNER])
        return not owner.alive(int(tags.get(schema.HEARTBEAT, "0")))
    except ValueError as error:
        _log.warning("run %s stays RUNNING: %s", run.info.run_id, error)
        return False
