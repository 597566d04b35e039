"""Writes runs of made-up trials into a store, as the tracker writes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from PIL import Image

from analysis.reading.store import Store
from common.seeds import generator
from experiments import schema
from experiments.trial.metrics import detection_f1, detection_metrics
from glitches.contaminated import ERROR_COLUMNS
from influence.evidence import Evidence
from influence.profile import Profile
from influence.signals import SIGNALS

SIGNAL_NAMES = (
    "self_influence",
    "marginal_influence",
    "average_absolute_influence",
    "gd_class",
)
EPOCHS = 3
N, CLASSES = 60, 3
#: How far self-influence lifts the glitched samples above the clean ones.
LIFT = {
    "none": 0.0,
    "uniform_noise": 4.0,
    "class_dependent_noise": 1.5,
    "near_clustered_anomalies": 0.3,
    "far_clustered_anomalies": -0.5,
    "stripe_outliers": 0.2,
}


@dataclass
class Writer:
    """Writes runs into a store."""

    uri: str
    artifacts: Path
    client: MlflowClient = field(init=False)
    clock: int = 1_700_000_000_000

    def __post_init__(self) -> None:
        self.client = MlflowClient(tracking_uri=self.uri)

    def experiment(self, name: str) -> str:
        return self.client.create_experiment(name, (self.artifacts / name).as_uri())

    def grid(self, experiment_id: str, grid: str, hashes: list[str] | None = None) -> str:
        tags = {schema.KIND: schema.KIND_GRID, schema.GRID: grid}
        run = self.client.create_run(experiment_id, self._tick(), tags, run_name=grid)
        if hashes is not None:
            self.client.log_text(run.info.run_id, json.dumps(hashes), schema.GRID_TRIALS_FILE)
        self.client.set_terminated(run.info.run_id)
        return str(run.info.run_id)

    def trial(  # noqa: PLR0913 - each option is one way in which a run can be odd
        self,
        experiment_id: str,
        parent: str | None,
        *,
        status: str | None = "FINISHED",
        artifacts: bool = False,
        with_curve_tags: bool = True,
        signals: tuple[str, ...] = SIGNAL_NAMES,
        **spec: Any,
    ) -> str:
        """Log a trial and return its run id; ``status=None`` leaves it running."""
        defaults = {"epochs": EPOCHS, "estimator": "exact", "pretrained": False, "label": None}
        spec = {**defaults, **spec}
        modality = "image" if spec["dataset"] in ("digits", "mnist") else "tabular"
        tags = {
            schema.KIND: schema.KIND_TRIAL,
            schema.GRID: "study",
            schema.SPEC_HASH: spec_hash(spec),
            schema.SPEC: json.dumps(spec),
            schema.CODE_VERSION: "0.1.0",
            schema.MODALITY: modality,
            schema.N_CLASSES: str(CLASSES),
        }
        if parent:
            tags[schema.PARENT] = parent
        name = "{dataset}/{model}/{glitch}@{ratio}#{seed}".format(**spec)
        run_id = self.client.create_run(
            experiment_id, self._tick(), tags, run_name=name
        ).info.run_id
        params = [Param(key, str(value)) for key, value in spec.items()]
        metrics: list[Metric] = []
        if status == "FINISHED":
            profile, table = pretend(spec)
            final, curves = score(profile, table, signals, spec["seed"])
            final |= {"seconds/train": 1.0, "seconds/influence": 0.5, schema.PEAK_RSS: 300.0}
            curves |= {"accuracy/train": [0.5, 0.7, 0.9], "accuracy/validation": [0.4, 0.6, 0.8]}
            if spec["glitch"] != "none":
                curves["accuracy/glitched"] = [0.0, 0.1, 0.2]
            metrics = [Metric(k, v, self.clock, 0) for k, v in final.items()]
            metrics += [
                Metric(k, v, self.clock, t)
                for k, values in curves.items()
                for t, v in enumerate(values, start=1)
            ]
            if with_curve_tags:
                tags |= schema.curve_tags(curves)
            if artifacts:
                self._artifacts(run_id, profile, table)
                self._suspects(run_id, modality, table)
        self.client.log_batch(run_id, metrics, params, [RunTag(*tag) for tag in tags.items()])
        if status is not None:
            self.client.set_terminated(run_id, status)
        return str(run_id)

    def _artifacts(self, run_id: str, profile: Profile, table: pd.DataFrame) -> None:
        folder = self.artifacts / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder / schema.SCORES_FILE)
        profile.save(folder / schema.PROFILE_FILE)
        for file in (schema.SCORES_FILE, schema.PROFILE_FILE):
            self.client.log_artifact(run_id, str(folder / file))

    def _suspects(self, run_id: str, modality: str, table: pd.DataFrame) -> None:
        if modality == "image":
            sheet = Image.new("RGB", (64, 32), "orange")
            for signal in table.columns.difference(list(ERROR_COLUMNS)):
                self.client.log_image(run_id, sheet, f"{schema.SUSPECTS_FOLDER}/{signal}.png")
            return
        text = "signal,rank,row,source_index,score,label,true_label,glitch,unusual\n"
        for signal in table.columns.difference(list(ERROR_COLUMNS)):
            text += f"{signal},1,0,0,1.5,<script>alert(1)</script>,b,clean,<b>x</b> = 3 (+9.1)\n"
        self.client.log_text(run_id, text, f"{schema.SUSPECTS_FOLDER}/{schema.SUSPECTS_TABLE}")

    def _tick(self) -> int:
        self.clock += 1000
        return self.clock


@dataclass
class Study:
    """A store with one of everything; see the fixture ``study``."""

    uri: str
    runs: dict[str, str]

    @property
    def store(self) -> Store:
        return Store(self.uri)


def spec_hash(spec: dict[str, Any]) -> str:
    """A stand-in for ``TrialSpec.spec_hash``."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def pretend(spec: dict[str, Any]) -> tuple[Profile, pd.DataFrame]:
    """A profile whose self-influence finds the glitches as well as ``LIFT`` says."""
    rng = np.random.default_rng([spec["seed"], *spec["glitch"].encode(), *spec["model"].encode()])
    is_glitch = np.zeros(N, dtype=bool)
    if spec["glitch"] != "none":
        is_glitch[: round(spec["ratio"] * N)] = True
    rng.shuffle(is_glitch)
    raised = is_glitch * LIFT[spec["glitch"]]
    own = np.abs(rng.normal(size=(EPOCHS + 1, N))) + np.maximum(raised, 0.0)
    positive = np.abs(rng.normal(size=(EPOCHS + 1, N, CLASSES)))
    negative = -np.abs(rng.normal(size=(EPOCHS + 1, N, CLASSES))) - 0.2 * raised[:, None] ** 2
    label = rng.integers(0, CLASSES, N)
    table = pd.DataFrame(
        {
            "is_glitch": is_glitch,
            "glitch": np.where(is_glitch, spec["glitch"], "clean"),
            "true_label": np.where(is_glitch, (label + 1) % CLASSES, label),
            "label": label,
            "source_index": np.arange(N),
        }
    )
    counts = np.full(CLASSES, 5)
    stored = [a.astype(np.float32) for a in (own, positive, negative)]
    return Profile(stored[0], stored[1], stored[2], counts), table


def score(
    profile: Profile, table: pd.DataFrame, signals: tuple[str, ...], seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Final and per-epoch metrics of a trial; adds the scores to ``table``."""
    labels = table["label"].to_numpy()
    is_glitch = table["is_glitch"].to_numpy()
    validation = np.repeat(np.arange(CLASSES), profile.class_counts)
    evidence = Evidence(profile, profile.cumulative, labels, validation, CLASSES, seed)
    final: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    for name in signals:
        scores = SIGNALS[name](evidence)
        table[name] = scores
        found = detection_metrics(is_glitch, scores, generator(seed, f"ties/{name}"))
        final |= {f"{metric}/{name}": value for metric, value in found.items()}
        if found:
            curves[f"epoch_f1/{name}"] = [
                detection_f1(
                    is_glitch,
                    SIGNALS[name](evidence.at(t)),
                    generator(seed, f"ties/{name}/{t}"),
                )
                for t in range(1, EPOCHS + 1)
            ]
    return final, curves
