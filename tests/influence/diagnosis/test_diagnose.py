"""A diagnosis of planted glitches of every kind, and of a set that has none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from planted_glitches import CLASSES, MORE, ROWS, YET_MORE, M, Planted, evidence_of
from scipy.special import softmax
from sklearn.metrics import f1_score

from influence.diagnosis.base import CORRUPTED, GLITCH_KINDS, LABEL_ERROR, NO_LABEL, Diagnosis
from influence.diagnosis.config import DEFAULT, NoveltyConfig
from influence.diagnosis.decision import flag
from influence.diagnosis.diagnose import diagnose
from influence.evidence import Evidence

PLANTED = {
    "uniform noise": lambda: Planted().uniform_noise(ROWS),
    "flips": lambda: Planted().flips(30),
    "foreign cluster": lambda: Planted().foreign(ROWS),
    "corrupted": lambda: Planted().corrupted(ROWS),
    "rare class": lambda: Planted().rare(20),
    "three at once": lambda: Planted().uniform_noise(ROWS).foreign(MORE).corrupted(YET_MORE),
}


@cache
def diagnosed(name: str) -> tuple[NDArray[np.object_], Diagnosis]:
    planted = PLANTED[name]()
    return planted.kind, diagnose(planted.evidence())


@pytest.mark.parametrize("name", PLANTED)
def test_planted_glitches_are_found_and_named(name: str) -> None:
    kind, diagnosis = diagnosed(name)
    is_glitch = kind != "clean"
    hits = (diagnosis.flagged & is_glitch).sum()
    assert 2 * hits / (diagnosis.flagged.sum() + is_glitch.sum()) > 0.9
    assert (diagnosis.kind == kind)[diagnosis.flagged & is_glitch].mean() > 0.9
    label_errors = (kind == LABEL_ERROR).sum()
    assert diagnosis.expected_label_errors == pytest.approx(label_errors, abs=0.005 * len(kind))


@pytest.mark.parametrize("name", PLANTED)
def test_parts_agree(name: str) -> None:
    _, diagnosis = diagnosed(name)
    p = diagnosis.probability
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(diagnosis.kind_probability.sum(axis=1), p)
    assert np.isin(diagnosis.kind[diagnosis.flagged], GLITCH_KINDS).all()
    assert not np.isin(diagnosis.kind[~diagnosis.flagged], GLITCH_KINDS).any()
    assert diagnosis.flagged.tolist() == flag(p).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_flagged_in_a_clean_set(seed: int) -> None:
    diagnosis = diagnose(Planted(seed).evidence())
    assert not diagnosis.flagged.any()
    assert diagnosis.probability.max() <= 1e-3
    assert diagnosis.expected_label_errors < 0.005 * len(diagnosis.flagged)


def test_expected_labels() -> None:
    planted = Planted()
    true = planted.y.copy()
    kind, diagnosis = planted.uniform_noise(ROWS).kind, diagnose(planted.evidence())
    found = diagnosis.flagged & (kind == "label_error")
    assert (diagnosis.expected_label[found] == true[found]).mean() > 0.95
    _, of_foreign = diagnosed("foreign cluster")
    assert (of_foreign.expected_label[of_foreign.kind == "foreign_cluster"] == NO_LABEL).all()


def test_the_order_of_samples_does_not_matter() -> None:
    planted = PLANTED["three at once"]()
    kind, diagnosis = diagnosed("three at once")
    order = np.random.default_rng(5).permutation(len(kind))
    planted.x, planted.y = planted.x[order], planted.y[order]
    again = diagnose(planted.evidence())
    np.testing.assert_array_equal(again.probability, diagnosis.probability[order])
    np.testing.assert_array_equal(again.kind, diagnosis.kind[order])


def test_wrong_labels_in_the_reference_set_are_left_out() -> None:
    planted = Planted().uniform_noise(ROWS)
    rng = np.random.default_rng(7)
    wrong = rng.choice(M, M // 5, replace=False)
    steps = rng.integers(1, CLASSES, len(wrong))
    planted.reference[wrong] = (planted.reference[wrong] + steps) % CLASSES
    flagged = diagnose(planted.evidence()).flagged
    assert flagged[ROWS].mean() > 0.8
    assert np.delete(flagged, ROWS).mean() < 0.05


def test_reference_labels_do_not_enter_the_detection_of_novelty() -> None:
    planted = Planted().corrupted(ROWS)
    noisy = planted.evidence()
    relabelled = replace(noisy, validation_labels=np.roll(planted.reference, 1), _results={})
    flagged = diagnose(relabelled).flagged
    assert flagged[ROWS].mean() > 0.9


def test_the_configuration_is_used() -> None:
    """If the test for novelty cannot reject, no sample is named corrupted."""
    evidence = Planted().corrupted(ROWS).evidence()
    config = replace(DEFAULT, novelty=NoveltyConfig(significance=(0.0,)))
    assert CORRUPTED not in diagnose(evidence, config).kind


def confused(rng: np.random.Generator) -> tuple[Evidence, NDArray[np.bool_]]:
    """Overlapping classes, and labels that are wrong where a sample resembles another class, to
    which they go: people's errors. Which labels are wrong, (n,)."""
    n_classes, width, n, m = 6, 10, 3000, 1000
    centres = rng.normal(size=(n_classes, width)) * 1.5
    y, reference = np.arange(n) % n_classes, np.arange(m) % n_classes
    x = centres[y] + rng.normal(size=(n, width))
    reference_x = centres[reference] + rng.normal(size=(m, width))
    p = softmax(-0.5 * ((x[:, None] - centres) ** 2).sum(axis=2), axis=1)
    p[np.arange(n), y] = 0.0
    doubt = np.sqrt(p.max(axis=1))
    wrong = rng.random(n) < doubt * 0.12 / doubt.mean()
    labels = np.where(wrong, p.argmax(axis=1), y)
    return evidence_of(x, labels, reference_x, reference, n_classes), wrong


def test_errors_that_no_mechanism_explains_are_found_as_an_excess_over_the_reference() -> None:
    evidence, wrong = confused(np.random.default_rng(0))
    never = replace(DEFAULT.label_errors, excess_significance=(0.0, 0.0))
    with_excess = f1_score(wrong, diagnose(evidence).flagged)
    without = replace(DEFAULT, label_errors=never)
    mechanisms_only = f1_score(wrong, diagnose(evidence, without).flagged)
    assert with_excess > 0.6
    assert with_excess > 2 * mechanisms_only
