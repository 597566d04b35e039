"""What every signal must satisfy: one function a rule, each raises where the rule is broken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from synthetic_evidence import Training, make_training

from common.errors import UserError
from influence.evidence import Evidence
from influence.signals.base import Signal

TRAINING = make_training()
TOLERANCE = 1e-6  # of the span of the scores; sums in another order differ in their last digits


def _span(scores: NDArray[np.float64]) -> float:
    return float(np.ptp(scores)) or 1.0


def _read_only(training: Training) -> Evidence:
    evidence = training.evidence()
    profile, trace = evidence.full_profile, evidence.trace
    arrays = [
        profile.self_influence,
        profile.positive,
        profile.negative,
        evidence.labels,
        evidence.validation_labels,
        *(a for part in (trace.train, trace.validation) for a in (part.logits, *part.inputs)),
        *(a for stages in evidence.stages for a in stages.values()),
    ]
    for array in arrays:
        array.setflags(write=False)
    return evidence


def one_finite_score_a_sample(signal: Signal) -> None:
    scores = signal(TRAINING.evidence())
    assert scores.shape == (len(TRAINING.trace.train),)
    assert np.isfinite(scores).all()


def flags_each_sample_or_not(signal: Signal) -> None:
    """A signal with a threshold of its own ranks what it flags above the rest."""
    if signal.flag is None:
        return
    scores = signal(TRAINING.evidence())
    flagged = signal.flag(scores)
    assert flagged.shape == scores.shape
    assert flagged.dtype == bool
    assert scores[flagged].min(initial=np.inf) > scores[~flagged].max(initial=-np.inf)


def leaves_the_evidence_as_it_is(signal: Signal) -> None:
    signal(_read_only(make_training()))


def repeats_itself_in_every_bit(signal: Signal) -> None:
    first, second = signal(TRAINING.evidence()), signal(TRAINING.evidence())
    np.testing.assert_array_equal(first, second)


def follows_the_training_samples_when_they_are_permuted(signal: Signal) -> None:
    rows = np.random.default_rng(1).permutation(len(TRAINING.trace.train))
    expected = signal(TRAINING.evidence())[rows]
    found = signal(TRAINING.permuted(train=rows).evidence())
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * _span(expected))


def ignores_the_order_of_validation(signal: Signal) -> None:
    rows = np.random.default_rng(2).permutation(len(TRAINING.trace.validation))
    expected = signal(TRAINING.evidence())
    found = signal(TRAINING.permuted(validation=rows).evidence())
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * _span(expected))


def ignores_the_names_of_the_classes(signal: Signal) -> None:
    """By rank: a fitted probe may differ in its last digits, its folds in their numbering."""
    expected = signal(TRAINING.evidence())
    found = signal(TRAINING.permuted(classes=np.array([2, 0, 1])).evidence())
    assert spearmanr(found, expected).statistic > 0.98


def ignores_the_unit_of_the_learning_rate(signal: Signal) -> None:
    trace = TRAINING.trace
    scaled = replace(TRAINING, trace=replace(trace, learning_rates=4.0 * trace.learning_rates))
    expected, found = signal(TRAINING.evidence()), signal(scaled.evidence())
    assert spearmanr(found, expected).statistic > 1 - 1e-9


def takes_every_epoch_if_it_says_so(signal: Signal) -> None:
    if not signal.per_epoch:
        return
    evidence = replace(TRAINING.evidence(), _trace=None, _counterfactual=None, _stages=None)
    signal(evidence)
    for epoch in range(1, evidence.full_profile.epochs + 1):
        assert np.isfinite(signal(evidence.at(epoch))).all()


def degenerate_trainings() -> Iterator[Training]:
    """Trainings at the limits of what a signal can score."""
    train, validation = TRAINING.trace.train.labels, TRAINING.trace.validation.labels
    yield TRAINING.permuted(validation=np.flatnonzero(validation != 0))
    yield TRAINING.permuted(validation=np.flatnonzero(validation == 0))
    yield TRAINING.permuted(train=np.flatnonzero(train != 0))
    yield TRAINING.permuted(train=np.flatnonzero(train == 0))
    for n, m in ((4, 4), (2, 2), (1, 1)):
        yield TRAINING.permuted(train=np.arange(10, 10 + n), validation=np.arange(m))
    yield TRAINING.permuted(train=np.zeros(30, dtype=np.int64))
    yield TRAINING.mapped(np.ones_like)
    yield TRAINING.mapped(lambda x: x * np.float32(1e30) + np.float32(1e35))


def scores_degenerate_input_or_says_why_not(signal: Signal) -> None:
    """One class, one sample, fewer samples than neighbours, constant or huge features."""
    for training in degenerate_trainings():
        with contextlib.suppress(UserError):
            signal(training.evidence())


RULES: tuple[Callable[[Signal], None], ...] = (
    one_finite_score_a_sample,
    flags_each_sample_or_not,
    leaves_the_evidence_as_it_is,
    repeats_itself_in_every_bit,
    follows_the_training_samples_when_they_are_permuted,
    ignores_the_order_of_validation,
    ignores_the_names_of_the_classes,
    ignores_the_unit_of_the_learning_rate,
    takes_every_epoch_if_it_says_so,
    scores_degenerate_input_or_says_why_not,
)
