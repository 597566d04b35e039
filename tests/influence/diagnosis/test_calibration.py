"""Calibration of class probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

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


WITH_DRAWS = replace(CONFIG, powers=DEFAULT.without_reference.powers)


def drawn_from(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray((p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1))


@pytest.mark.parametrize("power", [0.0, 0.3])
@pytest.mark.parametrize("floor", [0.04, 0.2])
def test_draws_that_prefer_confused_classes_and_uniform_ones_are_distinguished(
    power: float, floor: float
) -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(8000, 10)) * 4.0
    labels = drawn_from(softmax(logits, axis=1), rng)
    replaced = rng.random(8000) < floor
    labels[replaced] = drawn_from(softmax(power * logits[replaced], axis=1), rng)
    found = calibrate(logits, labels, WITH_DRAWS)
    assert found.proven
    assert found.power == power
    assert found.floor == pytest.approx(floor, abs=0.02)
    assert found.scale == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("spread", [0.5, 1.0, 4.0, 12.0])
def test_no_draws_are_proven_among_labels_that_follow_the_probabilities(spread: float) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(4000, 5)) * spread
    found = calibrate(logits, drawn_from(softmax(logits, axis=1), rng), WITH_DRAWS)
    assert not found.proven
    assert found.power == 0.0


def test_a_negligible_floor_is_not_proven() -> None:
    """A classifier that is wrong and sure for a few samples proves no wrong labels."""
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(20_000, 10)) * 12.0
    labels = drawn_from(softmax(logits, axis=1), rng)
    labels[:100] = rng.integers(0, 10, 100)
    assert not calibrate(logits, labels, WITH_DRAWS).proven
