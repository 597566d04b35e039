"""The entry points of ``mlflow run``: their parameters reach the commands as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.projects.utils import load_project

from experiments.commands.audit_options import AuditOptions
from experiments.commands.grid_options import GridOptions
from experiments.commands.repair_options import RepairOptions
from experiments.commands.trial_options import TrialOptions
from experiments.trial.spec import TrialSpec

ROOT = Path(__file__).parents[3]
PROJECT = load_project(str(ROOT))
OURS = {
    "main": (GridOptions,),
    "grid": (GridOptions,),
    "trial": (TrialOptions, TrialSpec),
    "audit": (AuditOptions,),
    "repair": (RepairOptions,),
}
NASTY = [
    "$(touch x)",
    "`touch x`",
    "'; touch x; '",
    '"; touch x; "',
    "a b",
    "a\nb",
    "*",
    "--help",
    "{grid}",
    "",
]


@pytest.mark.parametrize("entry", OURS)
def test_every_parameter_is_an_option(entry: str) -> None:
    point = PROJECT.get_entry_point(entry)
    options = {f.name for cls in OURS[entry] for f in fields(cls)}
    assert set(point.parameters) <= options
    assert set(re.findall(r"\{(\w+)\}", point.command)) == set(point.parameters)
    for name in point.parameters:
        assert f"--{name.replace('_', '-')} {{{name}}}" in point.command


@pytest.mark.parametrize("entry", OURS)
@pytest.mark.parametrize("value", NASTY)
def test_values_are_inert(entry: str, value: str, tmp_path: Path) -> None:
    command = PROJECT.get_entry_point(entry).compute_command(
        {"experiment": value}, storage_dir=str(tmp_path)
    )
    shown = subprocess.run(
        ["bash", "-c", command.replace("python -m", "printf '%s\\0'", 1)],  # noqa: S607 - as MLflow
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    words = shown.stdout.split("\0")
    assert words[words.index("--experiment") + 1] == value
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_mlflow_runs_the_project(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    words = [sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", "main"]
    words += ["--env-manager", "local", "-P", "grid=quick", "-P", "dry_run=true"]
    words += ["-P", "experiment=$(touch x)"]
    shown = subprocess.run(
        words,
        cwd=tmp_path,
        env=os.environ | {"MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "6 trials, 0 finished, 6 to run" in shown.stdout
    (run,) = MlflowClient(uri).search_runs(["0"])
    assert set(run.data.params) == {"grid", "dry_run", "experiment"}, "and none that is empty"
    assert not (ROOT / "x").exists()
    assert not (tmp_path / "x").exists()
