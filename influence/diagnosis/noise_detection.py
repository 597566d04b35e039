"""Tests for label noise: are there more improbable labels than calibrated probabilities expect?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.label_noise import (
    ClassPair,
    Floats,
    LabelledProbabilities,
    NoiseMechanisms,
)


@dataclass(frozen=True)
class Count:
    """Improbable labels of a set, in total, (), or by label, (C,).

    Attributes:
        observed: how many there are.
        expected: how many its calibrated probabilities predict.
        size: samples in the set.
    """

    observed: NDArray[np.int64]
    expected: Floats
    size: int

    def p_value(self, mean: Floats, shape: NDArray[np.floating] | float) -> Floats:
        """Of these counts or larger ones, if they are Poisson at rates that have gamma
        distributions."""
        return np.asarray(nbinom.sf(self.observed - 1, shape, shape / (shape + mean)))


def improbable_labels(given: LabelledProbabilities, limit: float) -> Count:
    """Given labels whose probability is below the limit."""
    p = given.probabilities
    return Count((given.of_label < limit).sum(), p[p < limit].sum(), len(p))


def flipped_labels(given: LabelledProbabilities, a: int, threshold: float) -> Count:
    """Given labels b on samples where p(a | x, a or b) exceeds the threshold, for each b."""
    p = given.probabilities
    leans = given.leaning(a) > threshold
    has_label = given.labels[:, None] == np.arange(p.shape[1])
    return Count((leans & has_label).sum(axis=0), np.where(leans, p, 0.0).sum(axis=0), len(p))


def detect_noise(
    train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
) -> NoiseMechanisms:
    """The mechanisms that a comparison with the reference set proves.

    Pairs come first, the most significant first; uniform noise is tested on the labels that they
    leave unexplained.
    """
    settings = config.label_errors
    n_classes = train.probabilities.shape[1]
    p_values = _pair_p_values(train, reference, config)
    ranked = sorted(permutations(range(n_classes), 2), key=lambda pair: float(p_values[pair]))
    most = max(1, int(settings.max_pair_fraction * len(ranked)))
    uniform = _uniform_p_value(train, reference, config)
    unexplained = np.ones(len(train.labels), dtype=bool)
    pairs: list[ClassPair] = []
    for pair in ranked[: min(settings.max_pairs, most)]:
        if p_values[pair] >= min(settings.pair_significance, uniform):
            break
        pairs.append(pair)
        unexplained &= ~train.likely_flips(pair)
        uniform = _uniform_p_value(train.rows(unexplained), reference, config)
    if not pairs or uniform >= settings.uniform_significance:
        return NoiseMechanisms(uniform < settings.uniform_significance, tuple(pairs))
    rates = NoiseMechanisms(True, tuple(pairs)).fit(train, config.noise).rates
    least_ratio = settings.min_pair_ratio * (rates.replaced / (n_classes - 1))
    least = max(settings.min_pair_rate, least_ratio)
    return NoiseMechanisms(True, tuple(pair for pair in pairs if rates.pairs[pair] > least))


def _uniform_p_value(
    train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
) -> float:
    """Are improbable labels more frequent than expected? Bonferroni over limits."""
    limits = config.noise.improbable
    p_values = [
        _excess_p_value(
            improbable_labels(train, limit), improbable_labels(reference, limit), config
        )
        for limit in limits
    ]
    return min(1.0, len(limits) * float(min(p_values)))


def _pair_p_values(
    train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
) -> Floats:
    """Are labels b on samples that lean to a more frequent than hard samples explain? (C, C)

    Bonferroni over pairs and thresholds.
    """
    n_classes, thresholds = train.probabilities.shape[1], config.noise.leaning
    p_values = [
        [
            _excess_p_value(
                flipped_labels(train, a, threshold), flipped_labels(reference, a, threshold), config
            )
            for a in range(n_classes)
        ]
        for threshold in thresholds
    ]
    tests = n_classes * (n_classes - 1) * len(thresholds)
    return np.asarray(np.min(p_values, axis=0) * tests)


def _excess_p_value(train: Count, reference: Count, config: DiagnosisConfig) -> Floats:
    """The p-values of counts in training, given calibration and the counts in the reference set.

    The reference set has too few samples to count rare labels. The calibrated probabilities say how
    many to expect; with the count in the reference set they give a gamma distribution of the rate,
    and so a negative binomial distribution of the count in training.
    """
    missed, prior = config.noise.missed_count, config.label_errors.prior_strength
    expected = train.expected + missed
    expected_reference = reference.expected + missed * (reference.size / train.size)
    shape = prior + reference.observed
    mean = shape / (prior / expected_reference + 1.0) * expected / expected_reference
    return train.p_value(mean, shape)
