"""Signals over the profile beyond the paper's four."""

import numpy as np
import pytest
from scipy.stats import rankdata
from synthetic_evidence import evidence_of_profile, make_training

from influence.evidence import Evidence
from influence.profile import Profile
from influence.signals import SIGNALS
from influence.signals.best_epoch_self_influence import separability

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
        ("own_class_negative_influence", [1.0, 6.0, 0.0]),
    ],
)
def test_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(SIGNALS[name](BY_HAND), expected)


def test_negated_marginal_influence_reverses_the_ranking() -> None:
    evidence = make_training().evidence()
    forth = rankdata(SIGNALS["marginal_influence"](evidence))
    back = rankdata(SIGNALS["negated_marginal_influence"](evidence))
    np.testing.assert_allclose(forth + back, len(forth) + 1)


@pytest.mark.parametrize("name", ["negative_influence", "own_class_influence", "negative_share"])
def test_wrong_labels_rank_high(name: str) -> None:
    training = make_training()
    scores = SIGNALS[name](training.evidence())
    top = np.argsort(-scores)[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.7


def naive_separability(values: list[float]) -> float:
    ordered = sorted(values)
    total = np.var(ordered)
    best = 0.0
    for cut in range(1, len(ordered)):
        low, high = ordered[:cut], ordered[cut:]
        within = (len(low) * np.var(low) + len(high) * np.var(high)) / len(ordered)
        best = max(best, float(1 - within / total))
    return best


@pytest.mark.parametrize("seed", range(5))
def test_separability_against_every_cut(seed: int) -> None:
    values = np.random.default_rng(seed).gamma(0.5, size=40)
    assert separability(values) == pytest.approx(naive_separability(values.tolist()))


def test_best_epoch_takes_the_epoch_that_separates() -> None:
    even, split = [0.0, 1.0, 2.0, 3.0], [0.0, 9.0, 0.1, 9.1]
    parts = np.zeros((4, 4, 2))
    profile = Profile(
        np.array([even, split, even, np.add(even, split)]), parts, parts, np.array([1, 1])
    )
    evidence = Evidence(profile, profile.cumulative, np.zeros(4, int), np.array([0, 1]), 2)
    assert SIGNALS["best_epoch_self_influence"](evidence).tolist() == split
