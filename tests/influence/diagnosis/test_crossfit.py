"""Cross-fitted classifiers where a fold lacks classes."""

from __future__ import annotations

import numpy as np

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
