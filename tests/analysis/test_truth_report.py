"""Tables and figure of runs that were compared with retraining."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_writer import Study, Writer

from analysis import truth
from analysis.paper.ground_truth import MEASURES, samples, tables
from analysis.plotting.ground_truth import BY_SAMPLE, distributions
from analysis.reading.selection import select
from analysis.reading.store import Store
from common.errors import UserError
from experiments import schema

ESTIMATORS = {"exact": 0.9, "inverse_hessian": 0.4}


@pytest.fixture
def compared(writer: Writer, tmp_path: Path) -> Store:
    """Two seeds of one cell, with agreement of 0.9 and 0.4."""
    experiment = writer.experiment("truth")
    rng = np.random.default_rng(0)
    for seed in range(2):
        spec: dict[str, Any] = {
            "dataset": "wine",
            "model": "softmax_regression",
            "glitch": "none",
            "ratio": 0.0,
        }
        run_id = writer.trial(experiment, None, seed=seed, **spec)
        parts = []
        for name, mean in ESTIMATORS.items():
            for measure in MEASURES:
                writer.client.log_metric(run_id, f"{measure}/{name}", mean + 0.01 * seed)
            for measure in BY_SAMPLE:
                value = np.clip(rng.normal(mean, 0.05, 30), -1, 1)
                columns = {"measure": measure, "sample": range(30), "value": value}
                parts.append(pd.DataFrame(columns).assign(estimator=name))
        path = tmp_path / str(seed) / schema.TRUTH_FILE
        path.parent.mkdir()
        pd.concat(parts).to_parquet(path)
        writer.client.log_artifact(run_id, str(path))
    return Store(writer.uri)


def test_one_table_a_measure_with_the_best_estimator_marked(compared: Store) -> None:
    made = tables(select(compared, "truth").frames)
    assert [table.name for table in made] == list(MEASURES)
    cells = made[0].marked().set_index("column")
    assert cells["mean"].to_dict() == pytest.approx({"exact": 0.905, "inverse_hessian": 0.405})
    assert cells["best"].to_dict() == {"exact": True, "inverse_hessian": False}
    assert (cells["seeds"] == 2).all()


def test_the_command_writes_tables_and_figure(
    compared: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--tracking-uri", compared.uri, "--experiment", "truth", "--out", str(out)]
    assert truth.main(arguments) == 0
    written = {path.name for path in out.iterdir()}
    assert written >= {"truth_lds.csv", "truth.png", "truth.pdf"}
    assert "Linear datamodeling score" in capsys.readouterr().out


def test_the_figure_shows_every_sample_of_both_seeds(compared: Store) -> None:
    values = samples(compared, select(compared, "truth").frames)
    assert len(values) == 2 * 30 * len(ESTIMATORS) * len(BY_SAMPLE)
    figure = distributions(values)
    assert [panel.get_title() for panel in figure.axes] == list(BY_SAMPLE)
    assert all(len(panel.lines) == len(ESTIMATORS) for panel in figure.axes)
    assert np.size(figure.axes[0].lines[0].get_xdata()) == 60 + 1


def test_runs_without_retraining_say_how_to_make_some(study: Study) -> None:
    store = study.store
    with pytest.raises(UserError, match="--grid truth"):
        samples(store, select(store, "study").frames)
