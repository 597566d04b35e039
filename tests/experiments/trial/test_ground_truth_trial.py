"""A trial of retraining on bundled data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import schema
from experiments.tracking.record import write_artifacts
from experiments.training.context import TrialContext
from experiments.trial import ground_truth
from experiments.trial.resolve import resolve
from experiments.trial.result import TrialResult
from experiments.trial.run import run_trial
from influence.ground_truth import LeftOut

SPEC = resolve(
    {
        "dataset": "wine",
        "model": "softmax_regression",
        "glitch": "uniform_noise",
        "epochs": 3,
        "truth": True,
    },
    None,
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> TrialResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ground_truth, "LEFT_OUT", 20)
        patch.setattr(ground_truth, "SUBSETS", 24)
        return run_trial(SPEC, TrialContext(cache=tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("name", ground_truth.COMPARED)
def test_each_estimator_is_compared(found: TrialResult, name: str) -> None:
    measures = {"loo_train", "loo_validation", "loo_marginal", "loo_self", "lds"}
    assert {m.split("/")[0] for m in found.metrics if m.endswith(f"/{name}")} == measures
    assert all(-1 <= found.metrics[f"{measure}/{name}"] <= 1 for measure in measures)


def test_influence_of_a_linear_model_tells_the_truth(found: TrialResult) -> None:
    assert found.metrics["lds/exact"] > 0.8
    assert found.metrics["loo_validation/exact"] > 0.7
    assert found.metrics["loo_self/exact"] > 0.7


def test_one_row_a_sample_measure_and_estimator(found: TrialResult) -> None:
    table = found.tables[schema.TRUTH_FILE]
    counts = table.groupby(["estimator", "measure"]).size().unstack()
    assert (counts["loo_train"] == 20).all()
    assert (counts["loo_validation"] == 36).all()
    assert (counts["lds"] == 36).all()
    assert set(counts.index) == set(ground_truth.COMPARED)
    means = table.groupby(["measure", "estimator"])["value"].mean()
    for measure, name in means.index.to_list():
        assert means[measure, name] == pytest.approx(found.metrics[f"{measure}/{name}"])


def test_the_table_is_stored(found: TrialResult, tmp_path: Path) -> None:
    write_artifacts(found, tmp_path)
    stored = pd.read_parquet(tmp_path / schema.TRUTH_FILE)
    pd.testing.assert_frame_equal(stored, found.tables[schema.TRUTH_FILE])


def test_the_trial_itself_is_the_same_without_it(found: TrialResult, tmp_path: Path) -> None:
    without = run_trial(replace(SPEC, truth=False), TrialContext(cache=tmp_path))
    assert not without.tables
    assert {name: found.metrics[name] for name in without.metrics} == without.metrics
    assert without.spec.spec_hash != found.spec.spec_hash


def test_the_truth_agrees_with_itself() -> None:
    rng = np.random.default_rng(0)
    influence, own = rng.standard_normal((30, 8)), rng.standard_normal(30)
    masks = rng.random((40, 30)) < 0.5
    rows = np.array([4, 1, 25])
    left_out = LeftOut(rows, influence[rows], own[rows])
    metrics, _ = ground_truth.agreement(
        ground_truth.Truth(left_out, masks, -(masks @ influence)), influence, own
    )
    assert metrics == pytest.approx(dict.fromkeys(metrics, 1.0))
