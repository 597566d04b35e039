"""Repeating the trial of a stored run, from the run alone, to see whether it gives the same."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.entities import Run
from rich.console import Console

from common.errors import UserError
from experiments import schema
from experiments.commands.trial_report import print_scores
from experiments.execution.job import Job
from experiments.tracking.provenance import code_version, library_versions
from experiments.tracking.record import finished, started
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute, without_secrets
from experiments.training.context import TrialContext
from experiments.trial.spec import TrialSpec


def repeat(console: Console, uri: str, run_id: str, context: TrialContext) -> bool:
    """Run the trial of a run again, with its threads and device, and compare the scores.

    Nothing is logged.

    Returns:
        Whether every score is the same in every bit.

    Raises ``UserError`` where the run is not there or not whole.
    """
    uri = absolute(uri)
    check_answers(uri)
    tracker = Tracker(uri, "", patience=0.0)
    run = _run(tracker, run_id)
    tags = run.data.tags
    context = replace(context, threads=int(tags[schema.THREADS]), device=tags[schema.DEVICE])
    spec = TrialSpec(**json.loads(tags[schema.SPEC]))
    began = time.perf_counter()
    result = Job(tracker, context).result_of(spec)
    record = finished(started(spec, context, {}), result, time.perf_counter() - began)
    metrics = {name: value for name, value, _ in record.metrics}
    print_scores(console, spec.name, metrics)
    stored = _scores(tracker, run_id)
    differing = [
        str(column)
        for column in stored
        if column not in result.scores or not stored[column].equals(result.scores[column])
    ]
    if not differing:
        console.print(f"identical to run {run_id} in all {len(stored)} rows")
        return True
    console.print(f"other than run {run_id} in: {', '.join(differing)}", markup=False)
    for what, then, now in (
        ("data", tags.get(schema.DATASET_DIGEST), result.dataset.digest),
        ("code", tags.get(schema.CODE_VERSION), code_version()),
        ("libraries", tags.get(schema.VERSIONS), library_versions()),
    ):
        if then != now:
            console.print(f"  {what} then: {then}\n  {what} now:  {now}", markup=False)
    return False


def _run(tracker: Tracker, run_id: str) -> Run:
    try:
        run = tracker.run(run_id)
    except TrackingError as error:
        store = without_secrets(tracker.uri)
        raise UserError(f"no run {run_id!r} in {store}: {error}") from error
    if schema.SPEC not in run.data.tags or run.info.status != "FINISHED":
        raise UserError(f"run {run_id!r} is no finished trial, however: {run.info.status}")
    return run


def _scores(tracker: Tracker, run_id: str) -> pd.DataFrame:
    with TemporaryDirectory(prefix="influence-") as folder:
        path = tracker.download(run_id, schema.SCORES_FILE, Path(folder))
        return pd.read_parquet(path)
