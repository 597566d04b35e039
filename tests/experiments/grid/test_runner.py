"""What a grid does when its store fails it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import mlflow
import pytest

from experiments.commands.grid import main
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker

GRID = """
title = "One trial"

[[cells]]
dataset = "wine"
model = "mlp"
glitch = "uniform_noise"
"""


@pytest.mark.slow  # imports Ray and loads data
def test_a_store_that_is_lost_while_the_grid_opens_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object) -> None:
        raise TrackingError("no answer from the store")

    monkeypatch.setattr(Tracker, "text", lost)
    monkeypatch.setattr("experiments.execution.cluster.cluster", lambda *_: nullcontext())
    (tmp_path / "one.toml").write_text(GRID)
    store = f"sqlite:///{tmp_path}/runs.db"
    assert main(["--grid", str(tmp_path / "one.toml"), "--tracking-uri", store]) == 1
    assert capsys.readouterr().err == "error: no answer from the store\n"
    (run,) = mlflow.MlflowClient(store).search_runs(["0"])  # that of the grid: no trial ran
    assert run.info.run_name == "one"
