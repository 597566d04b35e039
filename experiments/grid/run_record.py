"""The MLflow run of a grid itself: opened before its trials and closed after them."""

from __future__ import annotations

import json

from experiments import schema
from experiments.execution.outcome import Outcome
from experiments.grid.definition import Grid
from experiments.grid.summary import Summary
from experiments.tracking.process import owner_tags
from experiments.tracking.queries import search
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.tracker import Tracker


def open_grid_run(tracker: Tracker, grid: Grid, enclosing: str | None) -> str:
    """Start the run of a grid, or turn that of ``mlflow run`` into it; returns its id.

    The hashes of all its trials are stored with it, including those that were finished before.
    """
    tags = {
        schema.KIND: schema.KIND_GRID,
        **(tracker.tags or {}),
        **owner_tags(),
        "mlflow.runName": grid.name,
        "mlflow.note.content": f"**{grid.title}**\n\n{grid.description}",
    }
    if enclosing is None:
        run_id = tracker.start(RunRecord(grid.name, "", now_ms(), {}, tags))
    else:
        run_id = enclosing
        tracker.annotate(run_id, tags)
    hashes = [spec.spec_hash for spec in grid.specs]
    tracker.text(run_id, schema.GRID_TRIALS_FILE, json.dumps(hashes))
    return run_id


def close_grid_run(tracker: Tracker, run_id: str, summary: Summary) -> None:
    """End the run of a grid, and those of trials whose workers could not.

    Raises:
        TrackingError: the store does not answer; the next start closes the runs.
    """
    failed = {spec.spec_hash: outcome for spec, outcome in summary.failed}
    wanted = f"tags.`{schema.PARENT}` = '{run_id}' and attributes.status = 'RUNNING'"
    for run in search(tracker, wanted):
        _close(tracker, str(run.info.run_id), failed.get(run.data.tags.get(schema.SPEC_HASH, "")))
    counts = {
        "finished": summary.count("finished") - summary.unlogged,
        "skipped": summary.already + summary.count("skipped"),
        "failed": summary.count("failed"),
        "stopped": summary.count("stopped"),
    }
    tracker.measure(run_id, {f"trials/{name}": float(count) for name, count in counts.items()})
    tracker.end(run_id, summary.status)


def _close(tracker: Tracker, run_id: str, outcome: Outcome | None) -> None:
    if outcome is None:
        tracker.end(run_id, "KILLED", tags={schema.ERROR: "the grid ended before the trial did"})
        return
    error = outcome.error or "its worker process died"
    tags = {schema.ERROR: error, schema.FAULT: schema.FAULT_OTHER}
    tracker.end(run_id, "FAILED", tags=tags, files={schema.TRACEBACK_FILE: f"{error}\n"})
