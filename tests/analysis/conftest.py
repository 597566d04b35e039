"""Stores for the tests of the analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from run_writer import SIGNAL_NAMES, Study, Writer


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with MLflow's tables in it; making one takes seconds."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def writer(empty_database: Path, tmp_path: Path) -> Writer:
    """A writer to an empty store of its own."""
    path = tmp_path / "mlflow.db"
    path.write_bytes(empty_database.read_bytes())
    return Writer(f"sqlite:///{path}", tmp_path / "artifacts")


@pytest.fixture(scope="session")
def study(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Experiment ``study``: two datasets, three seeds, every kind of run that does not count."""
    folder = tmp_path_factory.mktemp("study")
    path = folder / "mlflow.db"
    path.write_bytes(empty_database.read_bytes())
    writer = Writer(f"sqlite:///{path}", folder / "artifacts")
    experiment = writer.experiment("study")
    parent = writer.grid(experiment, "study")
    runs = {"parent": parent}
    cells = [
        ("digits", "resnet20", "uniform_noise"),
        ("digits", "resnet20", "class_dependent_noise"),
        ("digits", "resnet20", "far_clustered_anomalies"),
        ("digits", "resnet20", "stripe_outliers"),
        ("wine", "mlp", "uniform_noise"),
        ("wine", "mlp", "near_clustered_anomalies"),
        ("wine", "mlp", "none"),
    ]
    for dataset, model, glitch in cells:
        for seed in range(3):
            if (glitch, seed) == ("class_dependent_noise", 2):
                continue
            ratio = 0.0 if glitch == "none" else 0.1
            spec: dict[str, Any] = {
                "dataset": dataset,
                "model": model,
                "glitch": glitch,
                "ratio": ratio,
            }
            run = writer.trial(experiment, parent, artifacts=seed < 2, seed=seed, **spec)
            runs[f"{dataset}/{glitch}#{seed}"] = run
    common: dict[str, Any] = {"dataset": "digits", "model": "resnet20", "ratio": 0.1}
    noise: dict[str, Any] = common | {"glitch": "uniform_noise"}
    runs["failed"] = writer.trial(
        experiment, parent, status="FAILED", **common, glitch="class_dependent_noise", seed=2
    )
    runs["repeated"] = writer.trial(experiment, parent, status="FAILED", **noise, seed=0)
    runs["running"] = writer.trial(experiment, parent, status=None, **noise, seed=7)
    runs["duplicate"] = runs["digits/uniform_noise#1"]
    runs["digits/uniform_noise#1"] = writer.trial(experiment, parent, **noise, seed=1)
    runs["deleted"] = writer.trial(experiment, parent, **noise, seed=8)
    writer.client.delete_run(runs["deleted"])
    runs["foreign"] = writer.client.create_run(experiment, run_name="somebody else's").info.run_id
    runs["old"] = writer.trial(
        experiment,
        parent,
        with_curve_tags=False,
        signals=SIGNAL_NAMES[:2],
        **common | {"glitch": "uniform_noise", "ratio": 0.3},
        seed=0,
    )
    runs["unreadable"] = writer.trial(
        experiment, parent, status="FAILED", **noise | {"ratio": "a tenth"}, seed=9
    )
    writer.experiment("empty")
    return Study(writer.uri, runs)
