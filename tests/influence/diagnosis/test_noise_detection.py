"""Tests for label noise, and the rates that are fitted to it."""

from __future__ import annotations

import numpy as np
import pytest

from influence.diagnosis.config import DEFAULT
from influence.diagnosis.label_noise import LabelledProbabilities, NoiseMechanisms, replacement
from influence.diagnosis.noise_detection import detect_noise


def given(flipped: int, size: int, seed: int) -> LabelledProbabilities:
    """Labels that the probabilities are nearly sure of; ``flipped`` of class 0 say class 1."""
    rng = np.random.default_rng(seed)
    true = np.arange(size) % 3
    p = np.full((size, 3), 0.01)
    p[np.arange(size), true] = 0.98
    y = true.copy()
    y[rng.choice(np.flatnonzero(true == 0), flipped, replace=False)] = 1
    return LabelledProbabilities(p, y)


def test_flips_of_one_pair_are_detected_and_no_flips_are_not() -> None:
    clean = given(1, 300, 1)
    assert detect_noise(given(3, 1200, 2), clean, DEFAULT) == NoiseMechanisms(False, ())
    noise = detect_noise(given(40, 1200, 3), clean, DEFAULT)
    assert noise.pairs == ((0, 1),)
    fit = noise.fit(given(40, 1200, 3), DEFAULT.noise)
    assert fit.rates.pairs[0, 1] == pytest.approx(0.1, abs=0.03)
    wrong = given(40, 1200, 3).labels != np.arange(1200) % 3
    assert fit.wrong[wrong].min() > fit.wrong[~wrong].max()


def test_few_wrong_labels_are_proven_by_calibrated_probabilities() -> None:
    """One label in a hundred: too few for a comparison of counts with the reference set."""
    rng = np.random.default_rng(0)
    logits = 12.0 * rng.normal(size=(6000, 10))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((6000, 1))).argmax(axis=1)
    reference = LabelledProbabilities(p[5000:], labels[5000:])
    assert not detect_noise(LabelledProbabilities(p[:5000], labels[:5000]), reference, DEFAULT)
    labels[:50] = (labels[:50] + rng.integers(1, 10, 50)) % 10
    assert detect_noise(LabelledProbabilities(p[:5000], labels[:5000]), reference, DEFAULT).replaced


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_replacement_is_a_sum_over_correct_classes(power: float) -> None:
    p = np.random.default_rng(1).dirichlet(np.ones(4), 20)
    expected = np.zeros_like(p)
    for i, probabilities in enumerate(p):
        q = probabilities**power
        for correct in range(4):
            others = np.where(np.arange(4) == correct, 0.0, q)
            expected[i] += probabilities[correct] * others / others.sum()
    np.testing.assert_allclose(replacement(p, power), expected, rtol=1e-12)
    np.testing.assert_allclose(replacement(p, power).sum(axis=1), 1.0)
