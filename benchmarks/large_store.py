"""Time and memory of all tables of a store with thousands of trials.

    python benchmarks/large_store.py

writes docs/benchmarks/large_store.md. The SQLite store is filled table by table with the
metrics of synthetic trials (three final metrics and ten epochs of each signal), in half a minute.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from engine_report import machine, write_table
from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import (
    SqlLatestMetric,
    SqlMetric,
    SqlParam,
    SqlRun,
    SqlTag,
)
from sqlalchemy import create_engine, insert

from experiments import schema
from influence.signals import PAPER, SIGNALS

PROJECT = Path(__file__).resolve().parent.parent
EPOCHS = 10
BATCH = 500
_DATASETS = ("mnist", "fashion_mnist", "cifar10", "jannis", "covertype", "epsilon")
_MODELS = ("resnet20", "convnext_tiny", "vit_base")
_GLITCHES = (
    "uniform_noise",
    "class_dependent_noise",
    "near_clustered_anomalies",
    "far_clustered_anomalies",
    "stripe_outliers",
)
_RATIOS = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


@dataclass
class Rows:
    """Rows by table, not yet written."""

    of: dict[type, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            table: [] for table in (SqlRun, SqlParam, SqlTag, SqlMetric, SqlLatestMetric)
        }
    )


def specs(count: int) -> Iterator[dict[str, Any]]:
    """Specs of a whole comparison, seed by seed."""
    cells = product(range(10**6), _RATIOS, _GLITCHES, _MODELS, _DATASETS)
    for _, (seed, ratio, glitch, model, dataset) in zip(range(count), cells, strict=False):
        yield {
            "dataset": dataset,
            "model": model,
            "glitch": glitch,
            "ratio": ratio,
            "seed": seed,
            "estimator": "exact",
            "epochs": EPOCHS,
            "batch_size": 128,
            "learning_rate": 0.1,
            "pretrained": True,
            "subset": 0.1,
            "label": None,
        }


def add_run(rows: Rows, experiment: str, spec: dict[str, Any], signals: tuple[str, ...]) -> None:
    """One finished trial."""
    run, rng = uuid4().hex, np.random.default_rng(spec["seed"])
    of = rows.of
    of[SqlRun].append(
        {
            "run_uuid": run,
            "name": "{dataset}/{model}/{glitch}@{ratio}#{seed}".format(**spec),
            "status": "FINISHED",
            "start_time": 1_700_000_000_000 + len(of[SqlRun]),
            "end_time": 1_700_000_000_001,
            "lifecycle_stage": "active",
            "artifact_uri": f"file:///nowhere/{run}",
            "experiment_id": int(experiment),
            "source_type": "UNKNOWN",
            "user_id": "",
        }
    )
    curves = {f"{schema.EPOCH_F1}/{s}": rng.random(EPOCHS).tolist() for s in signals}
    curves |= {f"{schema.ACCURACY}/{p}": rng.random(EPOCHS).tolist() for p in ("train", "glitched")}
    tags = {
        schema.KIND: schema.KIND_TRIAL,
        schema.SPEC_HASH: run[:16],
        schema.SPEC: json.dumps(spec),
        schema.GRID: "paper",
        schema.CODE_VERSION: "0" * 12,
        schema.MODALITY: "image",
        schema.N_CLASSES: "10",
        schema.REPEAT: "python -m experiments.trial " + "x" * 100,
        **schema.curve_tags(curves),
    }
    of[SqlTag] += [{"key": k, "value": v, "run_uuid": run} for k, v in tags.items()]
    of[SqlParam] += [{"key": k, "value": str(v), "run_uuid": run} for k, v in spec.items()]
    final = {f"{m}/{s}": [rng.random()] for m in schema.DETECTION_METRICS for s in signals}
    final |= {f"{schema.SECONDS}/{step}": [rng.random()] for step in ("train", "influence")}
    for first, found in ((0, final), (1, curves)):
        for key, values in found.items():
            points = [_point(run, key, v, first + t) for t, v in enumerate(values)]
            of[SqlMetric] += points
            of[SqlLatestMetric].append(points[-1])


def _point(run: str, key: str, value: float, step: int) -> dict[str, Any]:
    shared = {"key": key, "value": value, "timestamp": 1_700_000_000_000, "step": step}
    return shared | {"is_nan": False, "run_uuid": run}


def fill(path: Path, count: int, signals: tuple[str, ...]) -> str:
    """A store of ``count`` trials; its URI."""
    uri = f"sqlite:///{path}"
    experiment = MlflowClient(tracking_uri=uri).create_experiment("large")
    rows = Rows()
    engine = create_engine(uri)
    for number, spec in enumerate(specs(count), start=1):
        add_run(rows, experiment, spec, signals)
        if number % BATCH == 0 or number == count:
            with engine.begin() as connection:
                for table, values in rows.of.items():
                    connection.execute(insert(table), values)
                    values.clear()
    return uri


# Run by a bare interpreter: the peak memory of a process is at least that of its parent.
_TIMED = """
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(status, time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def measured(uri: str) -> tuple[float, float, float]:
    """Wall and processor seconds and peak MiB of the command that prints all tables."""
    command = [sys.executable, str(PROJECT / "analysis" / "tables.py")]
    options = ["--tracking-uri", uri, "--experiment", "large"]
    timed = [sys.executable, "-S", "-c", _TIMED, *command, *options]
    printed = subprocess.run(timed, capture_output=True, text=True, check=True).stdout  # noqa: S603 - fixed
    status, wall, cpu, memory = map(float, printed.split())
    if status:
        raise SystemExit("tables.py failed")
    return wall, cpu, memory


def main() -> None:
    """Fill stores, measure and write the table."""
    parser = argparse.ArgumentParser(description="Tables of a store with thousands of trials.")
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    rows = []
    for what, signals in (("the paper's", PAPER), ("all registered", SIGNALS.names())):
        with tempfile.TemporaryDirectory() as folder:
            uri = fill(Path(folder) / "mlflow.db", args.trials, tuple(signals))
            found = [measured(uri) for _ in range(args.repeats)]
        wall, cpu, memory = (statistics.median(part) for part in zip(*found, strict=True))
        numbers = [f"{wall:.1f}", f"{cpu:.1f}", f"{memory:,.0f}"]
        rows.append([f"{args.trials:,}", f"{len(signals)} ({what})", *numbers])
    write_table(
        "large_store",
        "Tables of a large store",
        "All tables of `analysis/tables.py` from a SQLite store, including F1 per epoch and the "
        f"start of Python; median of {args.repeats} runs. {machine(1)}. Repeat: "
        "`python benchmarks/large_store.py`.",
        ["trials", "signals", "seconds", "processor seconds", "peak memory, MiB"],
        rows,
    )


if __name__ == "__main__":
    main()
