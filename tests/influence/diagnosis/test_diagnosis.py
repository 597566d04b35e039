"""A diagnosis of planted glitches of every kind, and of a set that has none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from planted_glitches import CLASSES, MORE, ROWS, YET_MORE, M, Planted

from influence.diagnosis.base import GLITCH_KINDS, NO_LABEL, Diagnosis
from influence.diagnosis.crossfit import calibrated
from influence.diagnosis.diagnose import diagnose, flag
from influence.diagnosis.inputs import Pair
from influence.diagnosis.label_noise import Given, LabelNoise, proven_noise
from influence.diagnosis.novelty import OF_ONE_STAGE, unlike_validation
from influence.diagnosis.rare_classes import rare_classes
from influence.diagnosis.two_sample import (
    excess_p_value,
    excess_posterior,
    rank_among_clean,
    told_apart,
)

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
def test_what_was_planted_is_found_and_named(name: str) -> None:
    kind, diagnosis = diagnosed(name)
    is_glitch = kind != "clean"
    hits = (diagnosis.flagged & is_glitch).sum()
    assert 2 * hits / (diagnosis.flagged.sum() + is_glitch.sum()) > 0.9
    assert (diagnosis.kind == kind)[diagnosis.flagged & is_glitch].mean() > 0.9


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
def test_a_clean_set_is_called_clean(seed: int) -> None:
    diagnosis = diagnose(Planted(seed).evidence())
    assert not diagnosis.flagged.any()
    assert diagnosis.probability.max() <= 1e-3


def test_expected_labels() -> None:
    planted = Planted()
    true = planted.y.copy()
    kind, diagnosis = planted.uniform_noise(ROWS).kind, diagnose(planted.evidence())
    found = diagnosis.flagged & (kind == "label_error")
    assert (diagnosis.expected_label[found] == true[found]).mean() > 0.95
    _, of_foreign = diagnosed("foreign cluster")
    assert (of_foreign.expected_label[of_foreign.kind == "foreign_cluster"] == NO_LABEL).all()


def test_a_set_of_another_order_gets_the_same_diagnosis() -> None:
    planted = PLANTED["three at once"]()
    kind, diagnosis = diagnosed("three at once")
    order = np.random.default_rng(5).permutation(len(kind))
    planted.x, planted.y = planted.x[order], planted.y[order]
    again = diagnose(planted.evidence())
    np.testing.assert_array_equal(again.probability, diagnosis.probability[order])
    np.testing.assert_array_equal(again.kind, diagnosis.kind[order])


def test_what_is_not_told_apart_has_no_excess() -> None:
    rng = np.random.default_rng(0)
    same = rng.normal(size=2000), rng.normal(size=500)
    assert excess_p_value(same) > 0.01
    assert excess_posterior(same).mean() < 0.05
    more = np.concatenate([same[0], rng.normal(6, 1, 100)]), same[1]
    assert excess_p_value(more) < 1e-4
    posterior = excess_posterior(more)
    assert posterior[2000:].mean() > 0.9
    assert posterior[:2000].mean() < 0.05


def test_ranks_among_clean_samples() -> None:
    rank = rank_among_clean((np.array([-1.0, 0.5, 9.0, 10.0]), np.array([0.0, 1.0])))
    assert (np.diff(rank) > 0).all()
    assert rank.max() < 1.0


def test_calibration_mends_overconfidence_and_keeps_a_floor() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    found = calibrated(5.0 * logits, labels)
    np.testing.assert_allclose(found(5.0 * logits), p, atol=0.05)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.6, 5.0])
@pytest.mark.parametrize("chance", [0.0, 0.02, 0.2])
def test_calibration_finds_scale_and_floor(scale: float, chance: float) -> None:
    rng = np.random.default_rng(1)
    wanted = rng.normal(size=(8000, 10)) * 4.0
    p = np.exp(wanted) / np.exp(wanted).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((8000, 1))).argmax(axis=1)
    by_chance = rng.random(8000) < chance
    labels[by_chance] = rng.integers(0, 10, by_chance.sum())
    found = calibrated(wanted / scale, labels)
    assert found.scale == pytest.approx(scale, rel=0.1)
    assert found.floor == pytest.approx(chance, abs=0.02)


def test_wrong_labels_in_validation_are_not_compared_with() -> None:
    planted = Planted().uniform_noise(ROWS)
    rng = np.random.default_rng(7)
    wrong = rng.choice(M, M // 5, replace=False)
    steps = rng.integers(1, CLASSES, len(wrong))
    planted.reference[wrong] = (planted.reference[wrong] + steps) % CLASSES
    flagged = diagnose(planted.evidence()).flagged
    assert flagged[ROWS].mean() > 0.8
    assert np.delete(flagged, ROWS).mean() < 0.05


def given(flipped: int, size: int, seed: int) -> Given:
    """Labels that the probabilities are nearly sure of; ``flipped`` of class 0 say class 1."""
    rng = np.random.default_rng(seed)
    true = np.arange(size) % 3
    p = np.full((size, 3), 0.01)
    p[np.arange(size), true] = 0.98
    y = true.copy()
    y[rng.choice(np.flatnonzero(true == 0), flipped, replace=False)] = 1
    return Given(p, y)


def test_flips_of_one_pair_are_told_from_none() -> None:
    clean = given(1, 300, 1)
    assert proven_noise(given(3, 1200, 2), clean) == LabelNoise(False, ())
    noise = proven_noise(given(40, 1200, 3), clean)
    assert noise.pairs == ((0, 1),)
    flips = noise.fitted(given(40, 1200, 3))
    assert flips.rates[0, 1] == pytest.approx(0.1, abs=0.03)
    wrong = given(40, 1200, 3).labels != np.arange(1200) % 3
    assert flips.probability[wrong].min() > flips.probability[~wrong].max()
    assert (flips.label[wrong] == 0).all()


def test_rare_classes_need_to_be_much_rarer() -> None:
    reference = np.repeat([0, 1], [100, 100])
    assert rare_classes(np.repeat([0, 1], [400, 30]), reference, 2).tolist() == [False, True]
    assert not rare_classes(np.repeat([0, 1], [400, 300]), reference, 2).any()
    assert not rare_classes(np.repeat([0, 1], [4, 1]), reference, 2).any()


def test_labels_do_not_enter_the_density_part() -> None:
    planted = Planted().corrupted(ROWS)
    noisy = planted.evidence()
    relabelled = replace(noisy, validation_labels=np.roll(planted.reference, 1), _found={})
    flagged = diagnose(relabelled).flagged
    assert flagged[ROWS].mean() > 0.9


def test_few_validation_samples_suffice_for_what_is_common_in_training() -> None:
    """Told from 300 validation samples alone, half of 300 glitches are found."""
    rng = np.random.default_rng(0)
    is_glitch = np.arange(3000) < 300
    train = rng.normal(size=(3000, 300)).astype(np.float32)
    train[is_glitch, :20] += 1.2
    pair = Pair(train, rng.normal(size=(300, 300)).astype(np.float32))
    posterior = unlike_validation((pair,), rng).posterior

    def hits(scores: NDArray[np.float64]) -> float:
        return float(is_glitch[np.argsort(-scores)[: is_glitch.sum()]].mean())

    assert hits(told_apart(pair, OF_ONE_STAGE, rng)[0]) < 0.6
    assert hits(posterior) > 0.95
    assert posterior.sum() == pytest.approx(300, rel=0.1)


def test_few_wrong_labels_are_proven_by_calibrated_probabilities() -> None:
    """One label in a hundred: too few for a comparison of counts with validation."""
    rng = np.random.default_rng(0)
    logits = 12.0 * rng.normal(size=(6000, 10))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((6000, 1))).argmax(axis=1)
    validation = Given(p[5000:], labels[5000:])
    assert not proven_noise(Given(p[:5000], labels[:5000]), validation).is_open
    labels[:50] = (labels[:50] + rng.integers(1, 10, 50)) % 10
    assert proven_noise(Given(p[:5000], labels[:5000]), validation).uniform
