"""The four signals of the paper: by hand, and against their definitions pair by pair."""

import numpy as np
import pytest
from synthetic_evidence import evidence_of_profile, make_training

from influence.signals import PAPER, SIGNALS
from influence.trace import Trace

BY_HAND = evidence_of_profile(
    positive=[[4.0, 1.0], [2.0, 0.0]],
    negative=[[-1.0, -2.0], [0.0, -6.0]],
    labels=[0, 1],
    self_influence=[3.0, 7.0],
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("self_influence", [3.0, 7.0]),
        ("marginal_influence", [2.0, -4.0]),
        ("average_absolute_influence", [4.0, 4.0]),
        ("gd_class", [1.0, 6.0]),
    ],
)
def test_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(SIGNALS[name](BY_HAND), expected)


def test_gd_class_skips_classes_without_validation_samples() -> None:
    training = make_training()
    kept = np.flatnonzero(training.trace.validation.labels != 2)
    evidence = training.permuted(validation=kept).evidence()
    by_class = evidence.profile.by_class
    np.testing.assert_allclose(SIGNALS["gd_class"](evidence), -by_class[:, :2].min(axis=1))


def pair_influence(trace: Trace, i: int, j: int, epochs: list[int]) -> float:
    """I(i → j) as the inner product of the two gradients, weights and bias spelled out."""
    total = 0.0
    for t in (epoch - 1 for epoch in epochs):
        left = np.outer(trace.train.residuals()[t, i], [*trace.train.inputs[t][i], 1.0])
        right = np.outer(trace.validation.residuals()[t, j], [*trace.validation.inputs[t][j], 1.0])
        total += trace.learning_rates[t] * float((left * right).sum())
    return total


@pytest.mark.parametrize("epoch", [1, None])
@pytest.mark.parametrize("name", PAPER[1:])
def test_against_the_definition(name: str, epoch: int | None) -> None:
    training = make_training()
    trace, evidence = training.trace, training.evidence()
    epochs = list(range(1, trace.epochs + 1)) if epoch is None else [epoch]
    scores = SIGNALS[name](evidence if epoch is None else evidence.at(epoch))
    labels = trace.validation.labels
    for i in (0, 40, 89):
        row = np.array([pair_influence(trace, i, j, epochs) for j in range(len(labels))])
        expected = {
            "marginal_influence": row.sum(),
            "average_absolute_influence": np.abs(row).mean(),
            "gd_class": -min(row[labels == c].sum() for c in range(3)),
        }[name]
        assert scores[i] == pytest.approx(expected, rel=1e-6)
