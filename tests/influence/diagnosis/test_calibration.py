"""Calibration of class probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from influence.diagnosis.calibration import calibrate
from influence.diagnosis.config import DEFAULT

CONFIG = DEFAULT.classifiers


def test_calibration_corrects_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    found = calibrate(5.0 * logits, labels, CONFIG)
    np.testing.assert_allclose(found(5.0 * logits), p, atol=0.05)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.6, 5.0])
@pytest.mark.parametrize("chance", [0.0, 0.02, 0.2])
def test_calibration_finds_scale_and_floor(scale: float, chance: float) -> None:
    rng = np.random.default_rng(1)
    wanted = rng.normal(size=(8000, 10)) * 4.0
    p = np.exp(wanted) / np.exp(wanted).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((8000, 1))).argmax(axis=1)
    by_chance = rng.random(8000) < chance
    labels[by_chance] = rng.integers(0, 10, by_chance.sum())
    found = calibrate(wanted / scale, labels, CONFIG)
    assert found.scale == pytest.approx(scale, rel=0.1)
    assert found.floor == pytest.approx(chance, abs=0.02)
