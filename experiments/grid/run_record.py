"""The run of a grid itself: opened before its trials, kept alive, and closed after them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from experiments import schema
from experiments.execution.outcome import Outcome
from experiments.grid.definition import Grid
from experiments.grid.summary import Tally
from experiments.tracking.process import owner_tags
from experiments.tracking.queries import search
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.tracker import Tracker
from experiments.trial.spec import TrialSpec


def open_grid_run(
    tracker: Tracker, grid: Grid, specs: Sequence[TrialSpec], adopted: str | None
) -> str:
    """Start the run of a grid, or make that of ``mlflow run`` one; returns its id.

    The hashes of all its trials are stored with it, also of those that an earlier grid finished.
    """
    tags = {
        schema.KIND: schema.KIND_GRID,
        **(tracker.tags or {}),
        **owner_tags(),
        "mlflow.runName": grid.name,
        "mlflow.note.content": f"**{grid.title}**\n\n{grid.description}",
    }
    if adopted is None:
        run_id = tracker.start(RunRecord(grid.name, "", now_ms(), {}, tags))
    else:
        run_id = adopted
        tracker.annotate(run_id, tags)
    hashes = [spec.spec_hash for spec in specs]
    tracker.text(run_id, schema.GRID_TRIALS_FILE, json.dumps(hashes))
    return run_id


def close_grid_run(tracker: Tracker, run_id: str, tally: Tally) -> None:
    """End the run of a grid, and those of trials whose workers could not.

    Raises:
        TrackingError: where the store is away; the next start closes them.
    """
    left = {spec.spec_hash: outcome for spec, outcome in tally.failed}
    wanted = f"tags.`{schema.PARENT}` = '{run_id}' and attributes.status = 'RUNNING'"
    for run in search(tracker, wanted):
        _close(tracker, str(run.info.run_id), left.get(run.data.tags.get(schema.SPEC_HASH, "")))
    counts = {
        "finished": tally.count("finished") - tally.spooled,
        "skipped": tally.already + tally.count("skipped"),
        "failed": tally.count("failed"),
        "stopped": tally.count("stopped"),
    }
    tracker.measure(run_id, {f"trials/{name}": float(count) for name, count in counts.items()})
    tracker.end(run_id, tally.status)


def _close(tracker: Tracker, run_id: str, outcome: Outcome | None) -> None:
    if outcome is None:
        tracker.end(run_id, "KILLED", tags={schema.ERROR: "the grid was ended first"})
        return
    why = outcome.error or "its worker process died"
    tags = {schema.ERROR: why, schema.FAULT: schema.FAULT_OTHER}
    tracker.end(run_id, "FAILED", tags=tags, files={schema.TRACEBACK_FILE: f"{why}\n"})
