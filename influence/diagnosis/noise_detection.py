"""Tests for label noise: are there more improbable labels than calibrated probabilities expect?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.stats import nbinom

from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.label_noise import (
    ClassPair,
    LabelledProbabilities,
    NoiseMechanisms,
)


@dataclass(frozen=True)
class Count:
    """Improbable labels of a set.

    Attributes:
        observed: how many there are.
        expected: how many its calibrated probabilities predict.
        total: labels in the set.
    """

    observed: int
    expected: float
    total: int

    def p_value(self, mean: float, shape: float) -> float:
        """Of this count or more, if it is Poisson at a rate that has a gamma distribution."""
        return float(nbinom.sf(self.observed - 1, shape, shape / (shape + mean)))


def improbable_labels(given: LabelledProbabilities, limit: float) -> Count:
    """Given labels whose probability is below the limit."""
    p = given.probabilities
    return Count(int((given.of_label < limit).sum()), float(p[p < limit].sum()), len(p))


def flipped_labels(given: LabelledProbabilities, pair: ClassPair, threshold: float) -> Count:
    """Given labels b on samples where p(a | x, a or b) exceeds the threshold."""
    b = pair[1]
    leans = given.leaning(pair) > threshold
    observed = int((leans & (given.labels == b)).sum())
    return Count(observed, float(given.probabilities[leans, b].sum()), len(leans))


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
    ranked = sorted(p_values, key=lambda pair: p_values[pair])
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
    least = max(settings.min_pair_rate, settings.min_pair_ratio * (rates.uniform / (n_classes - 1)))
    return NoiseMechanisms(True, tuple(pair for pair in pairs if rates.pairs[pair] > least))


def _uniform_p_value(
    train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
) -> float:
    """Are improbable labels more frequent than expected? Bonferroni over limits."""
    limits = config.noise.improbable
    smallest = min(
        _excess_p_value(
            improbable_labels(train, limit), improbable_labels(reference, limit), config
        )
        for limit in limits
    )
    return min(1.0, len(limits) * smallest)


def _pair_p_values(
    train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
) -> dict[ClassPair, float]:
    """Are labels b on samples that lean to a more frequent than hard samples explain?

    Bonferroni over pairs and thresholds.
    """
    thresholds = config.noise.leaning
    pairs = list(permutations(range(train.probabilities.shape[1]), 2))
    tests = len(pairs) * len(thresholds)
    return {
        pair: min(
            _excess_p_value(
                flipped_labels(train, pair, threshold),
                flipped_labels(reference, pair, threshold),
                config,
            )
            for threshold in thresholds
        )
        * tests
        for pair in pairs
    }


def _excess_p_value(train: Count, reference: Count, config: DiagnosisConfig) -> float:
    """The p-value of a count in training, given calibration and the count in the reference set.

    The reference set has too few samples to count rare labels. The calibrated probabilities say how
    many to expect; with the count in the reference set they give a gamma distribution of the rate,
    and so a negative binomial distribution of the count in training.
    """
    missed, prior = config.noise.missed_count, config.label_errors.prior_strength
    expected = train.expected + missed
    expected_reference = reference.expected + missed * (reference.total / train.total)
    shape = prior + reference.observed
    mean = shape / (prior / expected_reference + 1.0) * expected / expected_reference
    return train.p_value(mean, shape)
