"""Label errors, found without a reference set.

Out-of-fold probabilities, fitted to the given labels and calibrated on them, say how often labels
contradict features in data like these. Random labels exceed that. So do flips of one class to
another, once the samples that show them are left out of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.crossfit import (
    ClassProbabilities,
    CrossFittedClassifier,
    LabelledSamples,
    Weights,
    select_classifier,
)
from influence.diagnosis.inputs import Labels
from influence.diagnosis.label_noise import (
    ClassPair,
    LabelledProbabilities,
    NoiseMechanisms,
    expected_errors,
    replacement,
    trust_in_labels,
)
from influence.diagnosis.noise_detection import (
    Count,
    flipped_labels,
    improbable_labels,
)


@dataclass(frozen=True)
class LabelErrorsWithoutReference:
    """Attributes:
    posterior: the probability that a label is wrong, (n,); all zero where no test rejects.
    probabilities: p(c) of the correct label, (n, C).
    expected: estimated number of wrong labels, whether or not a test rejects.
    """

    posterior: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    expected: float


def detect_label_errors_without_reference(
    samples: LabelledSamples, config: DiagnosisConfig
) -> LabelErrorsWithoutReference:
    """Fit, test for noise, leave out what is likely wrong, and fit again."""
    # numbered by first appearance: ties between splits of a tree depend on the numbers of classes
    number = _by_first_appearance(samples.labels, samples.n_classes).argsort()
    found = _detect(replace(samples, labels=number[samples.labels]), config)
    return replace(found, probabilities=found.probabilities[:, number])


@dataclass(frozen=True)
class _Fit:
    """Out-of-fold probabilities of the label as it is given, and of the correct one.

    Attributes:
        power: of the draws by which labels are replaced.
        replaced: whether calibration proves that labels are replaced.
    """

    given: LabelledProbabilities
    correct: LabelledProbabilities
    power: float
    replaced: bool

    @classmethod
    def of(cls, found: ClassProbabilities, labels: Labels) -> _Fit:
        return cls(
            LabelledProbabilities(found.values, labels),
            LabelledProbabilities(found.kept, labels),
            found.calibration.power,
            found.calibration.proven,
        )


def _detect(samples: LabelledSamples, config: DiagnosisConfig) -> LabelErrorsWithoutReference:
    everything = np.ones(len(samples.labels), dtype=bool)
    classifiers = replace(config.classifiers, powers=config.without_reference.powers)
    classifier, found = select_classifier(
        samples, everything.astype(np.float64), everything, classifiers
    )
    fit = _Fit.of(found, samples.labels)
    pairs: tuple[ClassPair, ...] = ()
    for _ in range(config.without_reference.rounds):
        posterior, _ = _posterior(fit, pairs, config)
        trusted = trust_in_labels(posterior)
        proven = _prove_flips(classifier, fit, pairs, trusted, config)
        if proven is not None:
            pair, fit = proven
            pairs = (*pairs, pair)
        elif posterior.any():
            fit = _refit(classifier, trusted)
        else:
            break
    posterior, expected = _posterior(fit, pairs, config)
    return LabelErrorsWithoutReference(posterior, fit.correct.probabilities, expected)


def _refit(classifier: CrossFittedClassifier, weight: Weights) -> _Fit:
    everything = np.ones(len(weight), dtype=bool)
    return _Fit.of(classifier.fit_predict(weight, everything), classifier.samples.labels)


def _posterior(
    fit: _Fit, pairs: tuple[ClassPair, ...], config: DiagnosisConfig
) -> tuple[NDArray[np.float64], float]:
    """The probability that each label is wrong, (n,), and the estimated number of wrong ones."""
    labels = fit.correct.labels
    posterior = np.zeros(len(labels))
    judged = np.bincount(labels)[labels] >= config.without_reference.min_class_size
    if not judged.any():
        return posterior, float("nan")
    correct = fit.correct.rows(judged)
    replaced = fit.replaced or _has_uniform_noise(correct, config)
    noise = NoiseMechanisms(replaced, pairs, fit.power)
    if noise:
        posterior[judged] = noise.fit(correct, config.noise).wrong
    return posterior, expected_errors(correct, noise, config.noise)


def _has_uniform_noise(correct: LabelledProbabilities, config: DiagnosisConfig) -> bool:
    """Are improbable labels more frequent than expected? Bonferroni over limits."""
    limits, settings = config.noise.improbable, config.without_reference
    counts = [improbable_labels(correct, limit) for limit in limits]
    smallest = min(float(_p_value(count, settings.uniform_shape, config)) for count in counts)
    return len(limits) * smallest < settings.uniform_significance


def _prove_flips(
    classifier: CrossFittedClassifier,
    fit: _Fit,
    known: tuple[ClassPair, ...],
    trusted: Weights,
    config: DiagnosisConfig,
) -> tuple[ClassPair, _Fit] | None:
    """The first pair (a, b) for which labels b on samples of class a are flips, and the fit without
    those samples; none if there is no such pair.

    Classifiers know which classes are alike, whether or not they are fitted to these samples. If
    they expect hardly any label b once they are not, the classes were never alike.
    """
    settings, thresholds = config.without_reference, config.noise.leaning
    n_classes = classifier.samples.n_classes
    tests = n_classes * (n_classes - 1) * len(thresholds)
    for pair in _screened(fit.given, known, config):
        refitted = _refit(classifier, np.where(fit.correct.likely_flips(pair), 0.0, trusted))
        # noise elsewhere does not prove flips, but flips may have raised the floor
        mechanisms = NoiseMechanisms(replaced=True, pairs=(pair,), power=refitted.power)
        rate = mechanisms.fit(refitted.correct, config.noise).rates.replaced
        expected = _with_replacement(refitted, rate)
        a, b = pair
        counts = [flipped_labels(expected, a, threshold) for threshold in thresholds]
        smallest = min(float(_p_value(c, settings.pair_shape, config)[b]) for c in counts)
        if smallest * tests < settings.pair_significance:
            return pair, refitted
    return None


def _with_replacement(fit: _Fit, rate: float) -> LabelledProbabilities:
    """The probabilities of labels of which a fraction is replaced by a draw."""
    p = fit.correct.probabilities
    noisy = p * (1.0 - rate) + replacement(p, fit.power) * rate
    return replace(fit.correct, probabilities=noisy)


def _screened(
    given: LabelledProbabilities, known: tuple[ClassPair, ...], config: DiagnosisConfig
) -> list[ClassPair]:
    """Pairs with more labels b on samples that lean to a than expected, the most significant
    first."""
    settings, threshold = config.without_reference, config.noise.leaning[0]
    n_classes = given.probabilities.shape[1]
    p_values = [
        _p_value(flipped_labels(given, a, threshold), settings.uniform_shape, config)
        for a in range(n_classes)
    ]
    suspected = sorted(
        (float(p_values[a][b]), (a, b))
        for a, b in permutations(range(n_classes), 2)
        if (a, b) not in known and p_values[a][b] < settings.screening_p_value
    )
    return [pair for _, pair in suspected[: settings.max_screened]]


def _p_value(count: Count, shape: float, config: DiagnosisConfig) -> NDArray[np.float64]:
    return count.p_value(count.expected + config.noise.missed_count, shape)


def _by_first_appearance(labels: Labels, n_classes: int) -> Labels:
    """The classes, in the order in which they first appear, (C,)."""
    first = np.full(n_classes, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    return first.argsort(kind="stable")
