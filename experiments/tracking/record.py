"""What a trial stores in MLflow, assembled before anything is written."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from pydantic import TypeAdapter

from experiments import schema
from experiments.tracking.artifacts.curves import write_curves
from experiments.tracking.artifacts.top_samples import write_suspects
from experiments.training.context import TrialContext
from experiments.trial.result import DatasetIdentity, TrialResult
from experiments.trial.spec import TrialSpec

MetricPoint = tuple[str, float, int]
"""Name, value, step."""


@dataclass(frozen=True)
class RunRecord:
    """A run as MLflow will hold it.

    Attributes:
        name: readable name of the run.
        spec_hash: of the trial; empty for other runs.
        start: milliseconds since the epoch.
        params, tags: as in MLflow.
        metrics: points in the order of their steps.
        status: ``"RUNNING"``, ``"FINISHED"``, ``"FAILED"`` or ``"KILLED"``.
        end: milliseconds since the epoch, once the run has ended.
        dataset: for MLflow's dataset input.
    """

    name: str
    spec_hash: str
    start: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[MetricPoint, ...] = field(default=(), repr=False)
    status: str = "RUNNING"
    end: int | None = None
    dataset: DatasetIdentity | None = None

    def ended(self, status: str, tags: Mapping[str, str]) -> RunRecord:
        """The same run, ended now, with further tags."""
        return replace(self, status=status, end=now_ms(), tags={**self.tags, **tags})

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """The inverse of :meth:`to_json`."""
        return TypeAdapter(cls).validate_json(text)


def now_ms() -> int:
    """Milliseconds since the epoch, the unit of MLflow."""
    return int(time.time() * 1000)


def started(spec: TrialSpec, context: TrialContext, tags: Mapping[str, str]) -> RunRecord:
    """The record of a trial that starts now."""
    values = asdict(spec)
    return RunRecord(
        name=spec.name,
        spec_hash=spec.spec_hash,
        start=now_ms(),
        params={name: str(value) for name, value in values.items()},
        tags={
            schema.KIND: schema.KIND_TRIAL,
            schema.SPEC_HASH: spec.spec_hash,
            schema.SPEC: json.dumps(values, sort_keys=True),
            schema.THREADS: str(context.threads),
            schema.DEVICE: context.device,
            schema.REPEAT: repeat_command(spec, context.data_root),
            **tags,
        },
    )


def finished(record: RunRecord, result: TrialResult, seconds: float) -> RunRecord:
    """The record of a trial that has returned ``result`` after ``seconds`` of wall time."""
    final = {
        **result.metrics,
        **{f"{schema.SECONDS}/{step}": value for step, value in result.seconds.items()},
        f"{schema.SECONDS}/{schema.TOTAL}": seconds,
        schema.PEAK_RSS: result.peak_rss_mib,
    }
    points = [(name, float(value), 0) for name, value in final.items()]
    for name, values in result.epoch_metrics.items():
        points += [(name, float(value), step) for step, value in enumerate(values, start=1)]
    tags = {
        schema.MODALITY: result.dataset.modality,
        schema.N_CLASSES: str(result.dataset.n_classes),
        schema.DATASET_DIGEST: result.dataset.digest,
        **schema.curve_tags(result.epoch_metrics),
    }
    return replace(record.ended("FINISHED", tags), metrics=tuple(points), dataset=result.dataset)


def write_artifacts(result: TrialResult, folder: Path) -> None:
    """Write the files of a finished trial: data for later analysis, and pictures and tables."""
    result.scores.to_parquet(folder / schema.SCORES_FILE, index=False)
    result.profile.save(folder / schema.PROFILE_FILE)
    write_suspects(result, folder / schema.SUSPECTS_FOLDER)
    write_curves(result, folder / schema.CURVES_FILE)
    for name, table in result.tables.items():
        table.to_parquet(folder / name, index=False)


def repeat_command(spec: TrialSpec, data_root: Path | None = None) -> str:
    """The command that repeats this trial, with every option that is not at its default."""
    words = ["python", "-m", "experiments.trial"]
    for f in fields(spec):
        value = getattr(spec, f.name)
        if value != f.default:
            words += [f"--{f.name.replace('_', '-')}", str(value)]
    if data_root is not None:
        words += ["--data-root", str(data_root)]
    return shlex.join(words)
