import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, roc_auc_score

from common.dataset import Dataset
from experiments.trial.evaluate import compare_kinds, true_kinds
from experiments.trial.metrics import (
    detection_f1,
    detection_metrics,
    flag_top,
    kind_confusion,
    threshold_metrics,
)
from glitches.contaminated import Contaminated
from influence.evidence import Evidence
from influence.profile import Profile
from influence.signals.base import Signal


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


def test_a_threshold_of_its_own() -> None:
    is_glitch = np.array([True, True, False, False, False])
    flagged = np.array([True, False, True, False, False])
    found = threshold_metrics(is_glitch, flagged)
    assert found == {"threshold_f1": 0.5, "flagged_clean": pytest.approx(1 / 3)}
    nothing = np.zeros(5, dtype=bool)
    assert threshold_metrics(nothing, flagged) == {"flagged_clean": pytest.approx(0.4)}
    assert threshold_metrics(~nothing, nothing) == {"threshold_f1": 0.0}


def test_confusion_of_kinds() -> None:
    true = np.array(["clean", "label_error", "label_error"], dtype=object)
    named = np.array(["clean", "label_error", "corrupted"], dtype=object)
    table = kind_confusion(true, named)
    assert table["samples"].sum() == 3
    wrong = table[(table["true"] == "label_error") & (table["named"] == "corrupted")]
    assert wrong["samples"].tolist() == [1]


def test_kinds_are_compared_where_a_glitch_was_found() -> None:
    data = Dataset(
        name="toy",
        x=np.zeros((4, 1), np.float32),
        y=np.zeros(4, np.int64),
        class_names=("a", "b"),
        modality="tabular",
        source_index=np.arange(4),
    )
    train = Contaminated(
        data,
        np.array(
            ["clean", "uniform_noise", "uniform_noise", "stripe_outliers(mode=added)"], object
        ),
        np.zeros(4, np.int64),
    )
    assert true_kinds(train).tolist() == ["clean", "label_error", "label_error", "corrupted"]
    nothing = Profile(np.zeros((2, 4)), np.zeros((2, 4, 2)), np.zeros((2, 4, 2)), np.ones(2, int))
    evidence = Evidence(nothing, nothing.cumulative, data.y, np.arange(2), 2)
    named = np.array(["clean", "label_error", "hard", "label_error"], dtype=object)
    signal = Signal(lambda _: np.zeros(4), kinds=lambda _: named)
    metrics, tables = compare_kinds("toy", signal, evidence, train)
    assert metrics == {"kind_accuracy/toy": 0.5}
    assert tables["kinds_toy.parquet"]["samples"].sum() == 4
    silent = Signal(lambda _: np.zeros(4), kinds=lambda _: np.full(4, "clean", dtype=object))
    assert compare_kinds("toy", silent, evidence, train)[0] == {}
    assert compare_kinds("toy", Signal(lambda _: np.zeros(4)), evidence, train) == ({}, {})
