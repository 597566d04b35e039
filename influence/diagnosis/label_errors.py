"""Label errors, found with a reference set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from influence.diagnosis.base import MORE_LIKELY_THAN_NOT
from influence.diagnosis.calibration import TINY
from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.crossfit import (
    ClassProbabilities,
    CrossFittedClassifier,
    LabelledSamples,
    Weights,
    select_classifier,
)
from influence.diagnosis.inputs import (
    DiagnosisInputs,
    Labels,
    Mask,
    equally_weighted,
    principal_components,
)
from influence.diagnosis.label_noise import (
    LabelledProbabilities,
    NoiseMechanisms,
    expected_errors,
    trust_in_labels,
)
from influence.diagnosis.noise_detection import detect_noise
from influence.diagnosis.two_sample import (
    Scores,
    excess_p_value,
    excess_posterior,
    in_reference_units,
    random_folds,
    rank_among_reference,
)


@dataclass(frozen=True)
class LabelErrors:
    """Attributes:
    posterior: the probability that a label is wrong, (n,); all zero where no test rejects.
    rank: how improbable the label is among those of the reference set, (n,) in [0, 1).
    label: the most probable label, (n,).
    expected: estimated number of wrong labels, whether or not a test rejects.
    """

    posterior: NDArray[np.float64]
    rank: NDArray[np.float64]
    label: Labels
    expected: float


def detect_label_errors(
    inputs: DiagnosisInputs,
    ordinary: Mask,
    usable_reference: Mask,
    rng: np.random.Generator,
    config: DiagnosisConfig,
) -> LabelErrors:
    """Classifiers fitted to the reference set, then also to the training labels that they trust.

    Args:
        inputs: the samples.
        ordinary: training samples with ordinary features, (n,); the others are not fitted to and
            have no label errors.
        usable_reference: reference samples to compare with, (m,).
        rng: of folds and classifiers.
        config: settings.
    """
    n = len(ordinary)
    if min(ordinary.sum(), usable_reference.sum()) < config.inputs.min_samples:
        return LabelErrors(np.zeros(n), np.zeros(n), inputs.labels, float("nan"))
    samples = _labelled_samples(inputs, rng, config)
    classifier, found = select_classifier(
        samples,
        np.concatenate([ordinary, usable_reference]).astype(np.float64),
        _of_reference(usable_reference, n),
        config.classifiers,
    )
    wrong = _wrong_in_reference(found, inputs, usable_reference, config)
    detector = _Detector(
        classifier, n, ordinary, usable_reference & ~wrong, not wrong.any(), config
    )
    state = _Round(np.zeros(n), excess=False)
    for _ in range(config.label_errors.rounds):
        result, state = detector.round(state)
    return result


@dataclass(frozen=True)
class _Round:
    """What one round leaves to the next.

    Attributes:
        weight: of the training labels in the fit, (n,).
        excess: whether there are errors that no mechanism explains; once proven, it stays so.
    """

    weight: Weights
    excess: bool


@dataclass(frozen=True)
class _Detector:
    """Attributes:
    classifier: of training samples followed by reference samples.
    n: training samples.
    ordinary: those that may be fitted to, (n,).
    reference: reference samples whose label is taken to be correct, (m,).
    reference_is_clean: whether these are all; otherwise improbable labels were removed from the
        reference set, and it no longer says how frequent they are.
    config: settings.
    """

    classifier: CrossFittedClassifier
    n: int
    ordinary: Mask
    reference: Mask
    reference_is_clean: bool
    config: DiagnosisConfig

    def round(self, state: _Round) -> tuple[LabelErrors, _Round]:
        """Fit, test, and find label errors."""
        n, labels = self.n, self.classifier.samples.labels
        found = self.classifier.fit_predict(
            np.concatenate([state.weight * self.ordinary, self.reference]),
            _of_reference(self.reference, n),
        )
        train = LabelledProbabilities(found.values[:n], labels[:n])
        ordinary = train.rows(self.ordinary)
        reference = LabelledProbabilities(found.values[n:], labels[n:]).rows(self.reference)
        noise = detect_noise(ordinary, reference, self.config)
        posterior = np.zeros(n)
        if noise:
            posterior[self.ordinary] = noise.fit(ordinary, self.config.noise).wrong
        excess = _Excess.of(ordinary, reference, self.config)
        unexplained = self.reference_is_clean and (
            state.excess or excess.exceeds(posterior[self.ordinary])
        )
        if unexplained:
            posterior[self.ordinary] = np.maximum(posterior[self.ordinary], excess.posterior())
        if posterior.any():
            trusted = trust_in_labels(posterior)
        else:
            excluded = train.of_label < self.config.label_errors.excluded_below
            trusted = np.where(excluded, 0.0, 1.0)
        scores = Scores(1.0 - train.of_label, 1.0 - reference.of_label)
        errors = LabelErrors(
            posterior,
            rank_among_reference(scores),
            train.probabilities.argmax(axis=1),
            max(expected_errors(ordinary, noise, self.config.noise), float(posterior.sum())),
        )
        return errors, _Round(trusted, unexplained)


@dataclass(frozen=True)
class _Excess:
    """Improbable labels beyond those of the reference set.

    People confuse classes that are alike, on samples that are hard: neither uniform noise nor flips
    between two classes. Whatever the mechanism, the labels of clean training samples are as
    improbable as those of the reference set; an excess of improbable ones consists of errors.

    Attributes:
        scores: log-odds against the given labels, in units of the reference.
        config: settings.
    """

    scores: Scores
    config: DiagnosisConfig

    @classmethod
    def of(
        cls, train: LabelledProbabilities, reference: LabelledProbabilities, config: DiagnosisConfig
    ) -> _Excess:
        """From probabilities by classifiers that did not see the sample."""
        scores = Scores(_improbability(train), _improbability(reference))
        return cls(in_reference_units(scores, config.two_sample), config)

    def exceeds(self, explained: NDArray[np.float64]) -> bool:
        """Is there an excess among samples that mechanisms do not explain, given the posterior
        under these, (n,)?"""
        before, after = self.config.label_errors.excess_significance
        rest = Scores(self.scores.train[explained <= MORE_LIKELY_THAN_NOT], self.scores.reference)
        level = after if explained.any() else before
        return excess_p_value(rest, self.config.two_sample) < level

    def posterior(self) -> NDArray[np.float64]:
        """The probability that each training label belongs to the excess, (n,)."""
        return excess_posterior(self.scores, self.config.two_sample)


def _improbability(given: LabelledProbabilities) -> NDArray[np.float64]:
    """The log-odds against the given label, (k,)."""
    return np.asarray(-logit(np.clip(given.of_label, TINY, 1.0 - TINY)))


def _labelled_samples(
    inputs: DiagnosisInputs, rng: np.random.Generator, config: DiagnosisConfig
) -> LabelledSamples:
    """Training samples, then reference samples; their folds are drawn separately."""
    blocks = [block.stacked() for block in (*inputs.stages, inputs.last_layer)]
    labels = (inputs.labels, inputs.reference_labels)
    seed = int(rng.integers(2**31))
    draw, number = np.random.default_rng(seed), config.classifiers.folds
    folds = (
        random_folds(len(y), number, draw, groups)
        for y, groups in zip(labels, (inputs.groups, None), strict=True)
    )
    return LabelledSamples(
        x=principal_components(equally_weighted(blocks), config.inputs.label_components),
        labels=np.concatenate(labels),
        n_classes=inputs.n_classes,
        fold=np.concatenate([*folds]),
        seed=seed,
    )


def _of_reference(rows: Mask, n: int) -> Mask:
    """Rows of the reference set among all, (n + m,)."""
    return np.concatenate([np.zeros(n, dtype=bool), rows])


def _wrong_in_reference(
    found: ClassProbabilities, inputs: DiagnosisInputs, usable: Mask, config: DiagnosisConfig
) -> Mask:
    """Reference samples whose own label is wrong, (m,); none unless many are.

    Calibration with a high floor says that labels of the reference set are partly random. Then
    uniform noise is fitted to them, as it is to training labels.
    """
    wrong = np.zeros(len(usable), dtype=bool)
    if found.calibration.floor >= config.label_errors.reference_noise_floor:
        p = found.kept[len(inputs.labels) :][usable]
        given = LabelledProbabilities(p, inputs.reference_labels[usable])
        fit = NoiseMechanisms(replaced=True, pairs=()).fit(given, config.noise)
        wrong[usable] = fit.wrong > MORE_LIKELY_THAN_NOT
    if (usable & ~wrong).sum() < config.inputs.min_samples:
        return np.zeros(len(usable), dtype=bool)
    return wrong
