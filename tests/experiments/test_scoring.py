import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, roc_auc_score

from experiments.scoring import detection_f1, detection_metrics, flag_top


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("n", [7, 100])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_f1_at_the_known_number_is_the_precision_of_the_top(n: int, share: float) -> None:
    is_glitch = rng(1).permutation(n) < max(1, int(share * n))
    scores = rng(2).random(n)
    flagged = np.zeros(n, dtype=bool)
    flagged[np.argsort(-scores)[: is_glitch.sum()]] = True
    found = detection_metrics(is_glitch, scores, rng())
    assert found["f1"] == f1_score(is_glitch, flagged) == precision_score(is_glitch, flagged)
    assert found["average_precision"] == average_precision_score(is_glitch, scores)
    assert found["roc_auc"] == roc_auc_score(is_glitch, scores)


def test_a_perfect_and_a_reversed_score() -> None:
    is_glitch = np.array([True, False, False, True, False])
    assert detection_f1(is_glitch, is_glitch.astype(float), rng()) == 1.0
    assert detection_f1(is_glitch, -is_glitch.astype(float), rng()) == 0.0


def test_ties_are_broken_at_random_and_not_by_position() -> None:
    is_glitch = np.arange(1000) < 100
    constant = np.zeros(1000)
    found = [detection_f1(is_glitch, constant, rng(seed)) for seed in range(200)]
    assert np.mean(found) == pytest.approx(0.1, abs=0.01)
    assert detection_f1(is_glitch, constant, rng(5)) == detection_f1(is_glitch, constant, rng(5))


def test_exactly_as_many_are_flagged_as_asked_for() -> None:
    scores = np.array([1.0, 1.0, 1.0, 0.0])
    assert flag_top(scores, 2, rng()).sum() == 2
    assert not flag_top(scores, 2, rng())[3]


def test_without_glitches_nothing_is_claimed() -> None:
    assert detection_metrics(np.zeros(5, dtype=bool), np.arange(5.0), rng()) == {}
    assert detection_metrics(np.ones(5, dtype=bool), np.arange(5.0), rng()) == {}
    assert np.isnan(detection_f1(np.zeros(5, dtype=bool), np.arange(5.0), rng()))
