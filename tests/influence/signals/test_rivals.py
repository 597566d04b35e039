"""Detectors of other papers, each against its definition computed naively on a small case."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import cdist, pdist
from scipy.stats import norm
from sklearn.ensemble import RandomForestClassifier
from synthetic_evidence import Training, evidence_of_logits, make_training

from common.errors import UserError
from influence.features import last_layer_features, sklearn_seed
from influence.signals import SIGNALS, blockwise, lava
from influence.signals.bhn import FALSE_DISCOVERY_RATE
from influence.signals.blockwise import unit_rows
from influence.signals.classifiers import fitted_probabilities, folds
from influence.signals.data_oob import TREES
from influence.signals.fine import misalignment
from influence.signals.knn_shapley import shapley_by_rank
from influence.signals.lava import REGULARISATION, Transport, class_distances
from influence.signals.neural_relation_graph import RelationGraph, label_noise_scores
from influence.signals.selfclean import dendrogram_area, spanning_tree
from influence.signals.thresholds import upper_of_two_means
from influence.signals.two_components import log_odds_of_upper

Floats = NDArray[np.float64]
RNG = np.random.default_rng(11)
LABEL = (
    "averaged_probability_margin",
    "loss_mixture",
    "fine",
    "knn_shapley",
    "selfclean_label",
    "bhn",
    "data_oob",
    "relation_graph_label",
    "lava",
)


def many_validated() -> Training:
    """The p-values of BHN are multiples of 1 / (m + 1), and 45 validation samples are too few."""
    return make_training().permuted(validation=np.repeat(np.arange(45), 20))


@pytest.mark.parametrize("name", LABEL)
def test_wrong_labels_rank_high(name: str) -> None:
    training = make_training()
    top = np.argsort(-SIGNALS[name](training.evidence()))[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.5  # a tenth of all are wrong


@pytest.mark.parametrize(
    "name", ["loss_mixture", "fine", "knn_shapley", "bhn", "data_oob", "lava", "confident_learning"]
)
def test_the_own_threshold_finds_wrong_labels(name: str) -> None:
    training = many_validated()
    signal = SIGNALS[name]
    assert signal.flag is not None
    flagged = np.flatnonzero(signal.flag(signal(training.evidence())))
    assert np.isin(training.wrong, flagged).mean() > 0.5
    assert np.isin(flagged, training.wrong).mean() > 0.3  # a tenth of all are wrong


@pytest.mark.parametrize("name", ["knn_shapley", "selfclean_label", "lava", "relation_graph_label"])
def test_blocks_do_not_change_the_scores(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = make_training().evidence()
    expected = SIGNALS[name](evidence)
    monkeypatch.setattr(blockwise, "PAIRS", 200)
    monkeypatch.setattr(lava, "KEPT_PAIRS", 0)
    np.testing.assert_allclose(SIGNALS[name](evidence), expected, rtol=1e-9, atol=1e-12)


def test_averaged_probability_margin_by_hand() -> None:
    logits = np.array([[[2.0, 1.0, 0.0]], [[0.0, 1.0, 0.5]]])
    p = (np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)).mean(axis=0)[0]
    found = SIGNALS["averaged_probability_margin"](evidence_of_logits(logits.tolist(), [2]))
    np.testing.assert_allclose(found, [np.log(p[:2].max() / p[2])], rtol=1e-6)


def test_two_components_are_those_that_made_the_values() -> None:
    values = np.concatenate([RNG.normal(1.0, 0.2, 900), RNG.normal(4.0, 0.5, 100)])
    found = log_odds_of_upper(values)
    exact = np.log(0.1 / 0.9) + norm.logpdf(values, 4.0, 0.5) - norm.logpdf(values, 1.0, 0.2)
    assert ((found > 0) == (exact > 0)).mean() > 0.995
    near = np.abs(exact) < 10
    np.testing.assert_allclose(found[near], exact[near], atol=3.0)


def test_one_component_where_all_values_are_equal() -> None:
    assert (log_odds_of_upper(np.full(5, 0.3)) < 0).all()
    assert not upper_of_two_means(np.full(5, 0.3)).any()


def test_misalignment_is_the_part_outside_the_first_singular_vector() -> None:
    h = RNG.normal(2.0, 1.0, (12, 4))
    first = np.linalg.svd(h / np.linalg.norm(h, axis=1, keepdims=True))[2][0]
    expected = [1 - (row @ first / np.linalg.norm(row)) ** 2 for row in h]
    np.testing.assert_allclose(misalignment(h), expected, rtol=1e-9)


@pytest.mark.parametrize("neighbours", [1, 3, 10])
def test_knn_shapley_is_the_shapley_value(neighbours: int) -> None:
    """Every subset of seven samples, by the definition."""
    match = np.array([True, False, True, True, False, False, True])
    n = len(match)

    def worth(members: tuple[int, ...]) -> float:  # ranks, nearest first
        return float(match[sorted(members)[:neighbours]].sum()) / neighbours

    expected = [
        sum(
            (worth((*others, i)) - worth(others)) / (n * comb(n - 1, size))
            for size in range(n)
            for others in combinations([j for j in range(n) if j != i], size)
        )
        for i in range(n)
    ]
    np.testing.assert_allclose(shapley_by_rank(match[None], neighbours)[0], expected, atol=1e-12)


def test_knn_shapley_adds_up_to_the_worth_of_the_whole_set() -> None:
    evidence = make_training().evidence()
    features = last_layer_features(evidence)
    distances = cdist(features.validation, features.train)
    nearest = features.labels[distances.argsort(axis=1)[:, :10]]
    worth = (nearest == features.validation_labels[:, None]).mean()
    assert -SIGNALS["knn_shapley"](evidence).sum() == pytest.approx(worth)


def test_selfclean_label_by_loops() -> None:
    evidence = make_training().evidence()
    features = last_layer_features(evidence)
    distances = cdist(features.train, features.train, "cosine")
    expected = []
    for i, label in enumerate(features.labels):
        others = [j for j in range(len(distances)) if j != i]
        same = min(distances[i, j] for j in others if features.labels[j] == label)
        other = min(distances[i, j] for j in others if features.labels[j] != label)
        expected.append(same**2 / (same**2 + other**2))
    found = SIGNALS["selfclean_label"](evidence)
    np.testing.assert_allclose(found, features.restore(np.array(expected)), rtol=1e-6)


def test_dendrogram_area_is_that_of_scipy_s_single_linkage() -> None:
    h = unit_rows(RNG.normal(size=(25, 3)))
    expected = np.zeros(25)
    below = 0.0
    clusters = {i: {i} for i in range(25)}
    for step, (a, b, height, _) in enumerate(linkage(pdist(h, "cosine"), "single")):
        for members in clusters.values():  # as they are between the last merge and this one
            expected[list(members)] += (height - below) * (1 - len(members) / 25)
        clusters[25 + step] = clusters.pop(int(a)) | clusters.pop(int(b))
        below = height
    np.testing.assert_allclose(dendrogram_area(*spanning_tree(h)), expected, rtol=1e-9)


def test_a_sample_far_from_all_is_off_topic() -> None:
    h = unit_rows(np.vstack([RNG.normal([5, 0, 0], 0.3, (30, 3)), [[0, 0, -4.0]]]))
    assert dendrogram_area(*spanning_tree(h)).argmax() == 30


def test_bhn_by_loops() -> None:
    evidence = many_validated().evidence()
    features = last_layer_features(evidence)
    fold = folds(features.validation_labels, evidence.rng("bhn"))
    n, m = len(features.train), len(fold)
    above = np.zeros(n)
    for held in range(5):
        rest = fold != held
        model = (features.validation[rest], features.validation_labels[rest])
        p = fitted_probabilities(*model, features.train, 3)[np.arange(n), features.labels]
        q = fitted_probabilities(*model, features.validation, 3)
        clean = q[np.arange(m), features.validation_labels][~rest]
        above += [(clean <= p[i]).sum() for i in range(n)]
    p_values = (1 + above) / (m + 1)
    ordered = np.sort(p_values)
    passed = [k for k in range(n) if ordered[k] <= FALSE_DISCOVERY_RATE * (k + 1) / n]
    expected = p_values <= (ordered[max(passed)] if passed else 0)
    assert 0 < expected.sum() < n
    flagged = SIGNALS["bhn"](evidence) > 1
    np.testing.assert_array_equal(flagged, features.restore(expected.astype(float)) > 0)


def test_bhn_needs_two_validation_samples_of_a_class() -> None:
    training = make_training()
    first = [int(np.flatnonzero(training.trace.validation.labels == c)[0]) for c in range(3)]
    with pytest.raises(UserError, match="at least 2 validation samples of a class"):
        SIGNALS["bhn"](training.permuted(validation=np.array(first)).evidence())


def test_data_oob_by_loops_over_the_trees() -> None:
    evidence = make_training().evidence()
    features = last_layer_features(evidence)
    seed = sklearn_seed(evidence.rng("data_oob"))
    forest = RandomForestClassifier(TREES, random_state=seed).fit(features.train, features.labels)
    right, out = np.zeros(len(features.labels)), np.zeros(len(features.labels))
    for tree, bag in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        outside = np.setdiff1d(np.arange(len(right)), bag)
        right[outside] += tree.predict(features.train[outside]) == features.labels[outside]
        out[outside] += 1
    found = SIGNALS["data_oob"](evidence)
    np.testing.assert_allclose(found, features.restore(-right / out), atol=1e-12)


def test_label_noise_scores_by_loops() -> None:
    n, labels = 30, np.tile([0, 1, 2], 10)
    h = unit_rows(RNG.normal(size=(n, 4)))
    p = RNG.dirichlet(np.ones(3), n)
    found = label_noise_scores(RelationGraph(h, p, 4.0), labels, 3)
    side = np.ones(n)
    for _ in range(10):
        scores = np.zeros(n)
        for i in range(n):
            for j in range(n):
                k = max(0.0, h[i] @ h[j]) * (p[i] @ p[j]) ** 4
                r = k if labels[i] == labels[j] else -k
                scores[i] -= side[j] * r if i != j else 0.0
        previous, side = side, np.where(scores > 0, -1.0, 1.0)
        if (side == previous).all():
            break
    assert (side < 0).any()
    np.testing.assert_allclose(found, scores, atol=1e-12)


def test_a_sample_without_relations_is_an_outlier() -> None:
    h = unit_rows(np.vstack([RNG.normal([5, 0, 0], 0.3, (30, 3)), [[0, 0, -4.0]]]))
    sums = RelationGraph(h, np.full((31, 2), 0.5), 1.0).weighted_sums(np.ones((31, 1)))
    assert sums[:, 0].argmin() == 30


def test_lava_potentials_solve_the_transport() -> None:
    """The plan that they make has uniform marginals."""
    evidence = make_training().evidence()
    features = last_layer_features(evidence)
    between = class_distances(features, 3)
    transport = Transport(
        features.train,
        features.labels,
        features.validation,
        features.validation_labels,
        between,
    )
    cost = transport.cost(slice(0, len(features.train)))
    for i, j in ((0, 0), (7, 30)):
        a = features.train[features.labels == features.labels[i]]
        b = features.validation[features.validation_labels == features.validation_labels[j]]
        classes = ((a.mean(0) - b.mean(0)) ** 2 + (a.std(0) - b.std(0)) ** 2).sum()
        samples = ((features.train[i] - features.validation[j]) ** 2).sum()
        assert cost[i, j] == pytest.approx(samples + classes)
    f, g, epsilon = transport.potentials()
    assert epsilon == pytest.approx(REGULARISATION * cost.mean())
    n, m = cost.shape
    plan = np.exp((f[:, None] + g - cost) / epsilon) / (n * m)
    np.testing.assert_allclose(plan.sum(axis=1) * n, 1.0, atol=0.05)
    np.testing.assert_allclose(plan.sum(axis=0) * m, 1.0, atol=0.05)
    centred = features.restore(f - (f.sum() - f) / (n - 1))
    np.testing.assert_allclose(SIGNALS["lava"](evidence), centred, rtol=1e-6)
