"""What one trial leaves in MLflow, put together before anything is written."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from common.errors import UserError
from experiments import schema
from experiments.tracking.artifacts.curves import write_curves
from experiments.tracking.artifacts.top_samples import write_suspects
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.result import DatasetIdentity, TrialResult
from experiments.trial.spec import TrialSpec

TOTAL = schema.TOTAL
_ALWAYS_GIVEN = ("dataset", "model", "glitch", "ratio", "seed")
MetricPoint = tuple[str, float, int]
"""Name, value, step."""


@dataclass(frozen=True)
class RunRecord:
    """A run as it will stand in MLflow.

    Attributes:
        name: readable name of the run.
        spec_hash: what the trial is known by.
        start: milliseconds since the epoch.
        params, tags: as in MLflow.
        metrics: points in the order of their steps.
        status: ``"FINISHED"``, ``"FAILED"`` or ``"KILLED"``; ``"RUNNING"`` at the start.
        end: milliseconds since the epoch, once it has ended.
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
        """The same run, ended now."""
        return replace(self, status=status, end=now_ms(), tags={**self.tags, **tags})

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """What :meth:`to_json` wrote."""
        values = json.loads(text)
        values["metrics"] = tuple((name, value, step) for name, value, step in values["metrics"])
        if values["dataset"] is not None:
            values["dataset"] = DatasetIdentity(**values["dataset"])
        return cls(**values)


def now_ms() -> int:
    """Milliseconds since the epoch, as MLflow counts."""
    return int(time.time() * 1000)


def started(spec: TrialSpec, context: TrialContext, tags: Mapping[str, str]) -> RunRecord:
    """The record of a trial that begins now."""
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
    """The record of the trial that returned ``result`` after ``seconds`` in all."""
    final = {
        **result.metrics,
        **{f"{schema.SECONDS}/{step}": value for step, value in result.seconds.items()},
        f"{schema.SECONDS}/{TOTAL}": seconds,
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
    """The files of a finished trial: what later analysis reads, and what people look at."""
    result.scores.to_parquet(folder / schema.SCORES_FILE, index=False)
    result.profile.save(folder / schema.PROFILE_FILE)
    write_suspects(result, folder / schema.SUSPECTS_FOLDER)
    write_curves(result, folder / schema.CURVES_FILE)
    for name, table in result.tables.items():
        table.to_parquet(folder / name, index=False)


def repeat_command(spec: TrialSpec, data_root: Path | None = None) -> str:
    """The command that runs this trial again, and nothing else."""
    words = ["python", "-m", "experiments.trial"]
    for name, value in given(spec, data_root).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    if data_root is not None:
        words += ["--data-root", str(data_root)]
    return shlex.join(words)


def given(spec: TrialSpec, data_root: Path | None = None) -> dict[str, Any]:
    """The fields that must be given to get this spec again; defaults bring the others."""
    values = {name: value for name, value in asdict(spec).items() if value is not None}
    for f in fields(TrialSpec):
        if f.name in _ALWAYS_GIVEN or f.name not in values:
            continue
        others = {name: value for name, value in values.items() if name != f.name}
        if _gives(others, spec, data_root):
            values = others
    return values


def _gives(values: Mapping[str, Any], spec: TrialSpec, data_root: Path | None) -> bool:
    try:
        return resolve(values, data_root) == spec
    except UserError:
        return False
