"""Signals over the profile beyond the paper's four."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata
from synthetic_evidence import evidence_of_profile, make_training

from influence.signals import SIGNALS
from influence.signals.best_epoch_self_influence import best_epoch
from influence.trace import Samples, Trace

BY_HAND = evidence_of_profile(
    positive=[[4.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    negative=[[-1.0, -2.0, 0.0], [0.0, -6.0, -2.0], [0.0, 0.0, 0.0]],
    labels=[0, 1, 2],
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("negated_marginal_influence", [-2.0, 6.0, 0.0]),
        ("negative_influence", [3.0, 8.0, 0.0]),
        ("negative_class_influence", [2.0, 6.0, 0.0]),
        ("negative_share", [3 / 8, 8 / 10, 0.0]),
        ("own_class_influence", [-3.0, 6.0, 0.0]),
    ],
)
def test_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(SIGNALS[name](BY_HAND), expected)


def test_negated_marginal_influence_reverses_the_ranking() -> None:
    evidence = make_training().evidence()
    forth = rankdata(SIGNALS["marginal_influence"](evidence))
    back = rankdata(SIGNALS["negated_marginal_influence"](evidence))
    np.testing.assert_allclose(forth + back, len(forth) + 1)


@pytest.mark.parametrize("name", ["negative_influence", "negative_share"])
def test_wrong_labels_rank_high(name: str) -> None:
    training = make_training()
    scores = SIGNALS[name](training.evidence())
    top = np.argsort(-scores)[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.7


def test_best_epoch_is_where_training_stands_out_from_validation() -> None:
    """Two samples a set. Only at epoch 2 is a training sample wrong; at epoch 3 everybody is."""
    right, wrong = [4.0, 0.0], [0.0, 4.0]
    inputs = np.ones((2, 3), dtype=np.float32)
    labels = np.zeros(2, dtype=np.int64)
    train = np.array([[right, right], [right, wrong], [wrong, wrong]], dtype=np.float32)
    validation = np.array([[right, right], [right, right], [wrong, wrong]], dtype=np.float32)
    trace = Trace(
        Samples([inputs] * 3, train, labels),
        Samples([inputs] * 3, validation, labels),
        np.full(3, 0.1),
    )
    assert best_epoch(trace) == 2
    evidence = replace(make_training().evidence(), _trace=trace)
    np.testing.assert_array_equal(
        SIGNALS["best_epoch_self_influence"](evidence), evidence.full_profile.self_influence[1]
    )
