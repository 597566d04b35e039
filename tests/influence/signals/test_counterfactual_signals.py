"""CNCI, PCID and CFRank: by hand, and against their wording, sample by sample."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_evidence import evidence_of_profile, make_training, profile_of

from influence.evidence import Evidence
from influence.profile import Profile
from influence.signals import SIGNALS
from influence.signals.cfrank import cfrank_kind
from influence.signals.cnci import cnci_repair
from influence.signals.pcid import second_class
from influence.trace import Trace

POSITIVE = [[5.0, 3.0, 1.0], [0.0, 2.0, 6.0]]
NEGATIVE = [[-1.0, -4.0, 0.0], [-7.0, 0.0, -1.0]]
TRIED = profile_of(
    positive=[[1.0, 8.0, 2.0], [4.0, 4.0, 2.0]],
    negative=[[-0.5, 0.0, 0.0], [-9.0, -0.25, 0.0]],
)


def by_hand(asked: list[tuple[list[int], list[int] | None]]) -> Evidence:
    """Labels 0 and 1; what a signal asks the counterfactual for is entered in ``asked``."""

    def counterfactual(labels: NDArray[np.int64], epochs: Sequence[int] | None) -> Profile:
        asked.append((labels.tolist(), None if epochs is None else list(epochs)))
        return TRIED

    evidence = evidence_of_profile(POSITIVE, NEGATIVE, [0, 1])
    object.__setattr__(evidence, "_counterfactual", counterfactual)
    return evidence


def test_cnci_by_hand() -> None:
    asked: list[tuple[list[int], list[int] | None]] = []
    np.testing.assert_allclose(SIGNALS["cnci"](by_hand(asked)), [-0.5, -0.25])
    assert asked == [([1, 0], [1])]


def test_pcid_by_hand() -> None:
    asked: list[tuple[list[int], list[int] | None]] = []
    expected = [1 / (9 * 5), 1 / (8 * 4)]
    np.testing.assert_allclose(SIGNALS["pcid"](by_hand(asked)), expected)
    assert asked == [([1, 1], [1])]


def test_cfrank_by_hand() -> None:
    """Sample 0 ranks (1/2, 1/2), sample 1 (1, 1); ties go to the label error."""
    evidence = by_hand([])
    np.testing.assert_allclose(SIGNALS["cfrank"](evidence), [0.5, 1.0])
    assert cfrank_kind(evidence).tolist() == ["label error", "label error"]


def test_cfrank_is_the_larger_rank_and_names_its_kind() -> None:
    evidence = make_training().evidence()
    ranks = {
        name: np.array([((scores < s).mean() + (scores <= s).mean() + 1 / 90) / 2 for s in scores])
        for name in ("cnci", "pcid")
        for scores in [SIGNALS[name](evidence)]
    }
    np.testing.assert_allclose(
        SIGNALS["cfrank"](evidence), np.maximum(ranks["cnci"], ranks["pcid"])
    )
    kind = cfrank_kind(evidence)
    assert set(kind[ranks["cnci"] > ranks["pcid"]]) == {"label error"}
    assert set(kind[ranks["cnci"] < ranks["pcid"]]) == {"anomaly"}


def test_pcid_of_a_sample_without_influence_is_finite_and_highest() -> None:
    still = profile_of([[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    evidence = evidence_of_profile(
        [[0.0, 0.0], [3.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]], [0, 1], counterfactual=still
    )
    scores = SIGNALS["pcid"](evidence)
    assert np.isfinite(scores).all()
    assert scores[0] > scores[1]


@pytest.mark.parametrize("labels_of", [cnci_repair, second_class])
def test_classes_without_validation_samples_are_never_tried(
    labels_of: Callable[[Evidence], NDArray[np.int64]],
) -> None:
    training = make_training()
    kept = np.flatnonzero(training.trace.validation.labels != 0)
    tried = labels_of(training.permuted(validation=kept).evidence())
    assert set(tried) <= {1, 2}


def influence_row(trace: Trace, i: int, label: int, epochs: Sequence[int]) -> NDArray[np.float64]:
    """Influence of sample i under ``label`` on every validation sample, pair by pair."""
    row = np.zeros(len(trace.validation))
    for t in (epoch - 1 for epoch in epochs):
        own = trace.train.probabilities[t, i].astype(np.float64)
        own[label] -= 1
        for j, target in enumerate(trace.validation.labels):
            other = trace.validation.probabilities[t, j].astype(np.float64)
            other[target] -= 1
            inner = trace.train.inputs[t][i].astype(np.float64) @ trace.validation.inputs[t][j]
            row[j] += trace.learning_rates[t] * (own @ other) * (inner + 1)
    return row


def sums(row: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([row[classes == c].sum() for c in range(3)])


@pytest.mark.parametrize("i", [0, 5, 30, 77])
def test_against_their_wording(i: int) -> None:
    training = make_training()
    trace, evidence = training.trace, training.evidence()
    classes, given = trace.validation.labels, int(trace.train.labels[i])
    cumulated = influence_row(trace, i, given, range(1, trace.epochs + 1))

    strongest = int(sums(np.minimum(cumulated, 0), classes).argmin())
    assert cnci_repair(evidence)[i] == strongest
    tried = influence_row(trace, i, strongest, [trace.epochs])
    expected = np.minimum(tried, 0)[classes == given].sum()
    assert SIGNALS["cnci"](evidence)[i] == pytest.approx(expected, rel=1e-5)

    positive = sums(np.maximum(cumulated, 0), classes)
    second = int(np.argsort(positive)[-2])
    tried = influence_row(trace, i, second, [trace.epochs])
    change = np.abs(positive - sums(np.maximum(tried, 0), classes)).max()
    assert SIGNALS["pcid"](evidence)[i] == pytest.approx(1 / (positive.sum() * change), rel=1e-5)


def test_cnci_finds_wrong_labels_and_proposes_the_true_ones() -> None:
    training = make_training()
    evidence = training.evidence()
    top = np.argsort(-SIGNALS["cnci"](evidence))[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.7
    true = (training.trace.train.labels[training.wrong] - 1) % 3
    assert (cnci_repair(evidence)[training.wrong] == true).all()
