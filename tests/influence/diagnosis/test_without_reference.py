"""A diagnosis without a reference set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_glitches import CLASSES, ROWS, N, Planted, evidence_of
from scipy.special import softmax

from influence.diagnosis.base import LABEL_ERROR
from influence.diagnosis.without_reference import diagnose_without_reference

PLANTED = {
    "uniform noise": lambda: Planted().uniform_noise(ROWS),
    "flips": lambda: Planted().flips(30),
}


@pytest.mark.parametrize("name", PLANTED)
def test_wrong_labels_are_found_and_corrected(name: str) -> None:
    right = Planted().y
    planted = PLANTED[name]()
    found = diagnose_without_reference(planted.evidence())
    wrong = planted.kind == LABEL_ERROR
    assert (found.flagged & wrong).sum() > 0.95 * wrong.sum()
    assert (found.flagged & wrong).sum() > 0.95 * found.flagged.sum()
    assert set(found.kind[found.flagged]) == {LABEL_ERROR}
    assert (found.expected_label == right)[found.flagged & wrong].mean() > 0.95


def overlapping(overlap: float) -> Planted:
    """Classes whose centres are this much closer to each other."""
    planted = Planted()
    noise = planted.x - planted.centres[planted.y]
    planted.x = planted.centres[planted.y] * overlap + noise
    return planted


def test_wrong_labels_that_no_test_proves_are_estimated_and_ranked_first() -> None:
    wrong = ROWS[:16]
    found = diagnose_without_reference(overlapping(0.4).uniform_noise(wrong).evidence())
    assert not found.flagged.any()
    assert len(wrong) / 2 < found.expected_label_errors < 1.5 * len(wrong)
    first = np.argsort(-found.probability)[: 2 * len(wrong)]
    assert np.isin(wrong, first).mean() > 0.7


@pytest.mark.parametrize("overlap", [1.0, 0.3])
def test_clean_labels_stay_unflagged_however_much_classes_overlap(overlap: float) -> None:
    found = diagnose_without_reference(overlapping(overlap).evidence())
    assert found.flagged.sum() <= 0.002 * N
    assert found.expected_label_errors < 0.005 * N


def test_labels_confused_on_hard_samples_are_flagged_in_about_the_right_number() -> None:
    rng = np.random.default_rng(0)
    right, centres = np.arange(3000) % 10, rng.normal(size=(10, 12)) * 1.3
    x = centres[right] + rng.normal(size=(3000, 12))
    distance = ((x[:, None] - centres) ** 2).sum(axis=2)
    confused = softmax(-0.15 * distance, axis=1)
    drawn = (confused.cumsum(axis=1) > rng.random((3000, 1))).argmax(axis=1)
    labels = np.where(rng.random(3000) < 0.2, drawn, right)
    wrong = labels != right
    found = diagnose_without_reference(evidence_of(x, labels, x[:40], right[:40], 10))
    first = np.argsort(-found.probability)[: wrong.sum()]
    f1 = 2 * (found.flagged & wrong).sum() / (found.flagged.sum() + wrong.sum())
    assert 0.7 * wrong.sum() < found.expected_label_errors < 1.3 * wrong.sum()
    assert f1 > 0.92 * wrong[first].mean() > 0.6


def test_validation_samples_are_not_used() -> None:
    evidence = Planted().uniform_noise(ROWS).evidence()
    stages, _ = evidence.stages
    rng = np.random.default_rng(1)
    other = {
        name: rng.normal(size=(7, x.shape[1])).astype(np.float32) for name, x in stages.items()
    }
    blind = replace(
        evidence,
        validation_labels=rng.integers(0, CLASSES, 7),
        _stages=lambda: (stages, other),
    )
    found, again = diagnose_without_reference(evidence), diagnose_without_reference(blind)
    np.testing.assert_array_equal(found.probability, again.probability)


def test_memorised_labels_do_not_hide_wrong_ones() -> None:
    """Last-layer inputs that reveal each given label are those of a late checkpoint."""
    planted = Planted().uniform_noise(ROWS)
    evidence = planted.evidence()
    train = evidence.trace.train
    learned = train.inputs[0] + 50.0 * np.eye(train.inputs[0].shape[1], dtype=np.float32)[planted.y]
    late = replace(
        evidence.trace,
        train=replace(
            train, inputs=[train.inputs[0], learned], logits=np.repeat(train.logits, 2, 0)
        ),
        validation=replace(
            evidence.trace.validation,
            inputs=list(evidence.trace.validation.inputs) * 2,
            logits=np.repeat(evidence.trace.validation.logits, 2, 0),
        ),
        learning_rates=np.array([0.1, 0.1]),
    )
    found = diagnose_without_reference(replace(evidence, _trace=late))
    assert (found.flagged & (planted.kind == LABEL_ERROR)).sum() > 0.95 * len(ROWS)
