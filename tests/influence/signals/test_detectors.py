"""Dedicated detectors: what they must find, and the small parts that are our own."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_evidence import Training, make_training

from influence.evidence import EvidenceMissingError
from influence.features import all_features, content_order, last_layer_features
from influence.signals import SIGNALS
from influence.signals.classifiers import FOLDS, cross_fitted_probabilities, folds
from influence.signals.simifeat import vote_score, voting_neighbours
from influence.trace import Samples

LABEL = (
    "confident_learning",
    "confident_learning_validation",
    "datalab_label",
    "datalab_label_validation",
    "simifeat",
    "simifeat_validation",
)
WITHIN = ("isolation_forest", "local_outlier_factor", "knn_distance", "datalab_outlier")
NOVELTY = ("isolation_forest_novelty", "local_outlier_factor_novelty", "knn_distance_novelty")


def with_inputs(training: Training, h: NDArray[np.float32]) -> Training:
    """The same training with other inputs of the last layer."""
    old = training.trace.train
    train = Samples([h] * training.trace.epochs, old.logits, old.labels)
    return replace(training, trace=replace(training.trace, train=train))


def with_far_samples(training: Training, rows: list[int]) -> Training:
    """The rows moved to one far place, in the direction that the inputs of the last layer vary
    least in, and in the early stages likewise."""
    rng = np.random.default_rng(3)
    h = training.trace.train.inputs[-1].copy()
    away = np.linalg.svd(h)[2][-1]
    h[rows] = 40 * away + 0.01 * rng.normal(size=(len(rows), h.shape[1]))
    stages = {name: stage.copy() for name, stage in training.train_stages.items()}
    for stage in stages.values():
        stage[rows] = 20 + 0.01 * rng.normal(size=(len(rows), stage.shape[1]))
    return replace(with_inputs(training, h), train_stages=stages)


@pytest.mark.parametrize("name", LABEL)
def test_label_detectors_find_wrong_labels(name: str) -> None:
    training = make_training()
    top = np.argsort(-SIGNALS[name](training.evidence()))[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.8


@pytest.mark.parametrize("name", WITHIN)
def test_a_lonely_sample_is_found_within_the_training_set(name: str) -> None:
    training = with_far_samples(make_training(wrong=0), [50])
    assert SIGNALS[name](training.evidence()).argmax() == 50


@pytest.mark.parametrize("name", NOVELTY)
def test_a_dense_far_cluster_is_found_against_clean_validation(name: str) -> None:
    cluster = list(range(40, 70))
    training = with_far_samples(make_training(wrong=0), cluster)
    top = np.argsort(-SIGNALS[name](training.evidence()))[: len(cluster)]
    assert set(top) == set(cluster)


def test_near_duplicates_rank_above_everything_else() -> None:
    training = make_training()
    h = training.trace.train.inputs[-1].copy()
    h[7] = h[8] + 1e-4
    scores = SIGNALS["datalab_near_duplicate"](with_inputs(training, h).evidence())
    assert set(np.argsort(-scores)[:2]) == {7, 8}


@pytest.mark.parametrize("name", NOVELTY)
def test_stages_that_are_not_at_hand_are_named(name: str) -> None:
    evidence = replace(make_training().evidence(), _stages=None)
    with pytest.raises(EvidenceMissingError, match="stages"):
        SIGNALS[name](evidence)


def test_knn_distance_is_the_distance_to_the_tenth_other_sample() -> None:
    evidence = make_training().evidence()
    h = evidence.trace.train.inputs[-1].astype(np.float64)
    z = (h - h.mean(axis=0)) / h.std(axis=0)
    distances = np.linalg.norm(z[:, None] - z[None], axis=2)
    expected = np.sort(distances, axis=1)[:, 10]  # the nearest of all is the sample itself
    np.testing.assert_allclose(SIGNALS["knn_distance"](evidence), expected, rtol=1e-6)


@pytest.mark.parametrize("name", LABEL)
def test_label_detectors_start_no_processes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a worker of Ray a pool of processes may never end."""
    monkeypatch.setattr(multiprocessing, "Pool", None)
    assert np.isfinite(SIGNALS[name](make_training().evidence())).all()


@pytest.mark.parametrize("name", [*LABEL, *WITHIN, "datalab_near_duplicate"])
def test_a_class_without_training_samples_is_no_obstacle(name: str) -> None:
    training = make_training()
    kept = np.flatnonzero(training.trace.train.labels != 1)
    assert np.isfinite(SIGNALS[name](training.permuted(train=kept).evidence())).all()


@pytest.mark.parametrize("name", [*LABEL, *WITHIN, *NOVELTY, "datalab_near_duplicate"])
def test_fewer_samples_than_neighbours_asked_for(name: str) -> None:
    training = make_training()
    few = np.array([0, 1, 2, 3, 4, 5, 12, 13, 14])
    evidence = training.permuted(train=few, validation=np.arange(6)).evidence()
    assert np.isfinite(SIGNALS[name](evidence)).all()


def test_votes_by_hand() -> None:
    """All agree; one of three; nobody votes; one of two votes, against."""
    votes = np.array([[0, 0, 0], [0, 1, 0], [-1, -1, -1], [1, -1, -1]])
    expected = [0.0, 1 - 1 / np.sqrt(5), 1.0, 1.0]
    found = vote_score(votes, np.array([0, 1, 1, 0]), 2)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("voters", "n_classes", "expected"), [(4800, 10, 50), (142, 3, 23), (5, 3, 1)]
)
def test_voting_neighbours(voters: int, n_classes: int, expected: int) -> None:
    assert voting_neighbours(voters, n_classes) == expected


def test_folds_spread_each_class_evenly() -> None:
    labels = np.repeat([0, 1, 2], [11, 7, 1])
    fold = folds(labels, np.random.default_rng(0))
    for label in range(3):
        counts = np.bincount(fold[labels == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


def test_no_sample_is_scored_by_a_probe_that_has_seen_it() -> None:
    """One sample of a class of its own: its probe cannot know the class."""
    training = make_training()
    labels = training.trace.train.labels.copy()
    reference = training.trace.validation
    keep = np.flatnonzero(reference.labels != 2)
    rows = np.concatenate([np.flatnonzero(labels != 2), np.flatnonzero(labels == 2)[:1]])
    evidence = training.permuted(train=rows, validation=keep).evidence()
    features = last_layer_features(evidence)
    probabilities = cross_fitted_probabilities(features, 3, np.random.default_rng(0))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert probabilities[features.labels == 2, 2] == [0.0]


def test_content_order_keeps_equal_features_apart_by_label() -> None:
    x, y = np.zeros((2, 3)), np.array([1, 0])
    assert y[content_order(x, y)].tolist() == [0, 1]
    assert y[::-1][content_order(x, y[::-1])].tolist() == [0, 1]


def test_features_are_standardised_and_restored() -> None:
    evidence = make_training().evidence()
    features = last_layer_features(evidence)
    np.testing.assert_allclose(features.train.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(features.train.std(axis=0), 1.0)
    assert features.validation.shape == (45, 6)
    np.testing.assert_array_equal(
        features.restore(features.labels.astype(np.float64)), evidence.labels
    )


def test_every_stage_counts_alike() -> None:
    features = all_features(make_training().evidence())
    widths = [4, 2, 6]
    assert features.train.shape == (90, sum(widths))
    for stage in np.split(features.train, np.cumsum(widths)[:-1], axis=1):
        assert stage.var(axis=0).sum() == pytest.approx(1.0)
