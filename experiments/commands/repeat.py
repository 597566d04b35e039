"""Repeats the trial of a stored run, from the run alone, and compares the scores."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from rich.console import Console

from common.errors import UserError
from experiments import schema
from experiments.commands.trial_report import print_scores
from experiments.execution.job import Job
from experiments.tracking.provenance import code_version, library_versions
from experiments.tracking.record import finished, started
from experiments.tracking.retry import TrackingError, one_line
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute, without_secrets
from experiments.training.context import TrialContext
from experiments.trial.spec import TrialSpec


def repeat(console: Console, uri: str, run_id: str, context: TrialContext) -> bool:
    """Run the trial of a run again, with its threads and device, and compare the scores.

    Nothing is logged.

    Returns:
        Whether columns and rows are the same and every score is equal in every bit.

    Raises ``UserError`` where the run is not a finished trial or its scores cannot be read.
    """
    uri = absolute(uri)
    check_answers(uri)
    tracker = Tracker(uri, "", patience=0.0)
    tags = _tags(tracker, run_id)
    spec, context = _trial(run_id, tags, context)
    stored = _scores(tracker, run_id)
    began = time.perf_counter()
    result = Job(tracker, context).result_of(spec)
    record = finished(started(spec, context, {}), result, time.perf_counter() - began)
    print_scores(console, spec.name, {name: value for name, value, _ in record.metrics})
    differences = _differences(stored, result.scores)
    if not differences:
        size = f"{stored.shape[1]} columns and {len(stored)} rows"
        console.print(f"identical to run {run_id} in all {size}")
        return True
    console.print(f"differs from run {run_id}: {'; '.join(differences)}", markup=False)
    for what, then, now in (
        ("data", tags.get(schema.DATASET_DIGEST), result.dataset.digest),
        ("code", tags.get(schema.CODE_VERSION), code_version()),
        ("libraries", tags.get(schema.VERSIONS), library_versions()),
    ):
        if then != now:
            console.print(f"  {what} then: {then}\n  {what} now:  {now}", markup=False)
    return False


def _tags(tracker: Tracker, run_id: str) -> Mapping[str, str]:
    try:
        run = tracker.run(run_id)
    except TrackingError as error:
        store = without_secrets(tracker.uri)
        raise UserError(f"no run {run_id!r} in {store}: {one_line(error)}") from error
    if schema.SPEC not in run.data.tags or run.info.status != "FINISHED":
        raise UserError(f"run {run_id!r} must be a finished trial, its status is {run.info.status}")
    tags: Mapping[str, str] = run.data.tags
    return tags


def _trial(
    run_id: str, tags: Mapping[str, str], context: TrialContext
) -> tuple[TrialSpec, TrialContext]:
    """The trial of the run, and where it ran."""
    try:
        there = replace(context, threads=int(tags[schema.THREADS]), device=tags[schema.DEVICE])
        return TrialSpec(**json.loads(tags[schema.SPEC])), there
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"run {run_id!r} has damaged tags: {one_line(error)}") from error


def _scores(tracker: Tracker, run_id: str) -> pd.DataFrame:
    with TemporaryDirectory(prefix="influence-") as folder:
        try:
            path = tracker.download(run_id, schema.SCORES_FILE, Path(folder))
            return pd.read_parquet(BytesIO(path.read_bytes()))
        except (TrackingError, OSError, ValueError) as error:
            raise UserError(
                f"{schema.SCORES_FILE} of run {run_id!r} cannot be read: {one_line(error)}"
            ) from error


def _differences(stored: pd.DataFrame, computed: pd.DataFrame) -> list[str]:
    """How the stored scores differ from the computed ones; nothing where they are identical."""
    found = []
    for what, names in (
        ("the run lacks columns", computed.columns.difference(stored.columns)),
        ("only the run has columns", stored.columns.difference(computed.columns)),
    ):
        if len(names):
            found.append(f"{what}: {', '.join(map(str, names))}")
    if len(stored) != len(computed):
        return [*found, f"the run has {len(stored)} rows instead of {len(computed)}"]
    common = computed.columns.intersection(stored.columns)
    unequal = [str(name) for name in common if not stored[name].equals(computed[name])]
    return [*found, f"other values in: {', '.join(unequal)}"] if unequal else found
