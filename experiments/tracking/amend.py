"""Additions to runs that have ended: a signal that was evaluated later, the analysis of a grid."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag

from experiments import schema
from experiments.tracking.retry import patiently

PATIENCE: Final = 60.0


def replace_scores(client: MlflowClient, run_id: str, scores: pd.DataFrame) -> None:
    """Replace the scores of a trial.

    Call this before :func:`add_evaluation`, so that a run never has metrics without scores.

    Raises:
        TrackingError: if the store stays out of reach or refuses.
    """
    with TemporaryDirectory(prefix="influence-") as folder:
        path = Path(folder) / schema.SCORES_FILE
        scores.to_parquet(path, index=False)
        patiently(lambda: client.log_artifact(run_id, str(path)), PATIENCE)


def add_evaluation(
    client: MlflowClient,
    run_id: str,
    metrics: Mapping[str, float],
    epoch_metrics: Mapping[str, list[float]],
    curve_tags: Mapping[str, str],
) -> None:
    """Add the metrics of a signal to a trial, and its curves to those in the run's tags.

    Args:
        client: of the tracking store.
        run_id: of the trial.
        metrics: final values by MLflow name.
        epoch_metrics: values of the epochs from 1, by MLflow name.
        curve_tags: the run's tags that hold curves (see ``schema.curve_tags``).

    Raises:
        TrackingError: if the store stays out of reach or refuses.
    """
    now = int(time.time() * 1000)
    points = [Metric(key, value, now, 0) for key, value in metrics.items()]
    for key, values in epoch_metrics.items():
        points += [Metric(key, value, now, epoch) for epoch, value in enumerate(values, start=1)]
    tags = schema.curve_tags({**curves_in(curve_tags), **epoch_metrics})
    listed = [RunTag(key, value) for key, value in tags.items()]
    patiently(lambda: client.log_batch(run_id, metrics=points, tags=listed), PATIENCE)
    for tag in curve_tags.keys() - tags.keys():
        # the longer text exceeds MLflow's limit for tags; the metric histories hold every curve
        patiently(partial(client.delete_tag, run_id, tag), PATIENCE)


def add_analysis(client: MlflowClient, run_id: str, folder: Path) -> None:
    """Store the files of a folder as the analysis of a grid's run.

    Raises:
        TrackingError: if the store stays out of reach or refuses.
    """
    patiently(lambda: client.log_artifacts(run_id, str(folder), schema.ANALYSIS_FOLDER), PATIENCE)


def curves_in(tags: Mapping[str, str]) -> dict[str, list[float]]:
    """The per-epoch metrics that a run's tags hold; the inverse of ``schema.curve_tags``.

    >>> curves_in(schema.curve_tags({"loss/train": [1.0, 0.5]}))
    {'loss/train': [1.0, 0.5]}
    """
    return {
        f"{tag.removeprefix(f'{schema.CURVES}/')}/{series}": values
        for tag, text in tags.items()
        for series, values in json.loads(text).items()
    }
