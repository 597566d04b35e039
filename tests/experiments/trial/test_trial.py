"""One whole trial on bundled data: the numbers, and what must not change them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.result import TrialResult
from experiments.trial.run import run_trial
from influence.signals import SIGNALS, select


def run(cache: Path, **changes: Any) -> TrialResult:
    values = {
        "dataset": "digits_table",
        "model": "mlp",
        "glitch": "uniform_noise",
        "ratio": 0.1,
        "epochs": 3,
    }
    return run_trial(resolve(values | changes, None), TrialContext(None, cache))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def result(cache: Path) -> TrialResult:
    return run(cache)


def test_scores_hold_the_error_table_and_every_signal(result: TrialResult) -> None:
    expected = ["is_glitch", "glitch", "true_label", "label", "source_index", *select("paper")]
    assert list(result.scores.columns) == expected
    assert len(result.scores) == len(result.train)
    assert result.scores["is_glitch"].sum() == int(0.1 * len(result.train))


def test_metrics_carry_the_names_that_scripts_read(result: TrialResult) -> None:
    for name in select("paper"):
        for metric in ("f1", "average_precision", "roc_auc"):
            assert 0 <= result.metrics[f"{metric}/{name}"] <= 1
        if SIGNALS[name].per_epoch:
            assert len(result.epoch_metrics[f"epoch_f1/{name}"]) == 3
    for name in ("accuracy/train", "accuracy/validation", "accuracy/glitched", "loss/train"):
        assert len(result.epoch_metrics[name]) == 3


def test_self_influence_finds_uniform_noise(result: TrialResult) -> None:
    assert result.metrics["f1/self_influence"] > 0.6


def test_the_same_seed_gives_the_same_scores_in_every_bit(
    result: TrialResult, cache: Path, tmp_path: Path
) -> None:
    run(cache, seed=1)
    for again in (run(cache), run(tmp_path)):
        assert again.scores.equals(result.scores)
        assert again.metrics == result.metrics
        assert again.epoch_metrics == result.epoch_metrics
        np.testing.assert_array_equal(again.profile.positive, result.profile.positive)


def test_another_seed_gives_other_scores(result: TrialResult, cache: Path) -> None:
    other = run(cache, seed=1)
    assert other.metrics != result.metrics
    assert not other.scores["source_index"].equals(result.scores["source_index"])


def test_trials_that_differ_in_the_glitch_share_their_split(
    result: TrialResult, cache: Path
) -> None:
    other = run(cache, glitch="class_dependent_noise")
    np.testing.assert_array_equal(other.validation.x, result.validation.x)


def test_training_and_validation_samples_never_meet(result: TrialResult) -> None:
    train = set(result.train.data.source_index)
    assert train.isdisjoint(result.validation.source_index.tolist())


def test_a_clean_set_has_scores_and_no_metrics_of_detection(cache: Path) -> None:
    result = run(cache, glitch="none")
    assert not result.scores["is_glitch"].any()
    assert result.metrics == {}
    assert "accuracy/glitched" not in result.epoch_metrics


@pytest.mark.parametrize(
    "glitch",
    [
        "far_clustered_anomalies",
        "stripe_outliers",
        "uniform_noise:0.05+brightness_outliers:0.05",
    ],
)
def test_image_trials_repeat_themselves_with_a_cold_and_a_warm_cache(
    glitch: str, tmp_path: Path
) -> None:
    image = {"dataset": "digits", "model": "resnet20", "glitch": glitch, "epochs": 1}
    cold, warm = (run(tmp_path, **image) for _ in range(2))
    assert cold.scores.equals(warm.scores)
