"""Cross-fitted classifiers where a fold lacks classes, and where trees do not help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from influence.diagnosis import crossfit
from influence.diagnosis.calibration import calibrate
from influence.diagnosis.config import ClassifierConfig
from influence.diagnosis.crossfit import LabelledSamples, select_classifier


def test_folds_that_hold_one_class_only_are_certain_of_it() -> None:
    config = ClassifierConfig()
    n = 4 * config.folds
    labels = np.zeros(n, dtype=np.int64)
    labels[: n // config.folds] = 1
    fold = np.arange(n) * config.folds // n
    x = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    samples = LabelledSamples(x, labels, 2, fold, 0)
    everything = np.ones(n, dtype=bool)
    _, found = select_classifier(samples, np.ones(n), everything, config)
    assert np.isfinite(found.values).all()
    np.testing.assert_allclose(found.values.sum(axis=1), 1.0)


@pytest.fixture
def forests(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The forests that are made."""
    made: list[object] = []
    original = crossfit._trees

    def noted(*arguments: Any) -> Any:
        made.append(original(*arguments))
        return made[-1]

    monkeypatch.setattr(crossfit, "_trees", noted)
    return made


def chosen_share(x: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The share of the logistic regression that is chosen for these samples of two classes."""
    config = ClassifierConfig(trees=10)
    fold = np.arange(len(x)) % config.folds
    samples = LabelledSamples(x.astype(np.float32), labels, 2, fold, 0)
    everything = np.ones(len(x), dtype=bool)
    classifier, _ = select_classifier(samples, np.ones(len(x)), everything, config)
    return classifier.logistic_share


LARGE = ClassifierConfig.folds * ClassifierConfig.screened_samples


@pytest.mark.parametrize(
    ("n", "fitted"), [(LARGE, 1), (LARGE - ClassifierConfig.folds, ClassifierConfig.folds)]
)
def test_trees_that_do_not_help_in_the_first_fold_of_a_large_set_are_not_fitted_to_the_others(
    n: int, fitted: int, forests: list[object]
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 5))
    assert chosen_share(x, (x[:, 0] + rng.normal(size=n) > 0).astype(np.int64)) == 1.0
    assert len(forests) == fitted


def test_trees_that_help_are_chosen_in_a_large_set(forests: list[object]) -> None:
    x = np.random.default_rng(0).normal(size=(LARGE, 5))
    assert chosen_share(x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)) < 1.0
    assert len(forests) == ClassifierConfig.folds


def test_screening_of_trees_tests_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    powers: list[tuple[int, tuple[float, ...]]] = []

    def noted(logits: Any, labels: Any, config: ClassifierConfig) -> Any:
        powers.append((len(labels), config.powers))
        return calibrate(logits, labels, config)

    monkeypatch.setattr(crossfit, "calibrate", noted)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(LARGE, 5)).astype(np.float32)
    labels = (x[:, 0] > 0).astype(np.int64)
    config = ClassifierConfig(trees=5, powers=(0.3,))
    samples = LabelledSamples(x, labels, 2, np.arange(LARGE) % config.folds, 0)
    select_classifier(samples, np.ones(LARGE), np.ones(LARGE, dtype=bool), config)
    screened = [of for size, of in powers if size < LARGE]
    assert screened == [()] * len(config.logistic_shares)
    assert (LARGE, config.powers) in powers
