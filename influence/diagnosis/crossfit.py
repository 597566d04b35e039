"""Out-of-fold class probabilities: each sample's from classifiers that did not see it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.calibration import TINY, Calibration, Probabilities, calibrate
from influence.diagnosis.config import ClassifierConfig
from influence.diagnosis.inputs import Floats, Labels, Mask

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledSamples:
    """What classifiers are fitted to and judge.

    Attributes:
        x: features, (k, d).
        labels: as given, (k,).
        n_classes: C.
        fold: of each sample, (k,).
        seed: of the classifiers.
    """

    x: Floats
    labels: Labels
    n_classes: int
    fold: NDArray[np.int64]
    seed: int


@dataclass(frozen=True)
class ClassProbabilities:
    """Attributes:
    values: calibrated p(c | x) of the given label, (k, C).
    kept: of the labels that are not replaced by a draw, (k, C).
    calibration: that made them.
    """

    values: Probabilities
    kept: Probabilities
    calibration: Calibration


@dataclass(frozen=True)
class CrossFittedClassifier:
    """A geometric mixture of logistic regression and extremely randomised trees.

    Attributes:
        samples: to fit to and to judge.
        logistic_share: weight of the logistic regression's log-probabilities, in [0, 1].
        config: settings.
    """

    samples: LabelledSamples
    logistic_share: float
    config: ClassifierConfig

    def fit_predict(self, weight: Weights, calibrate_on: Mask) -> ClassProbabilities:
        """Fit to the other folds, predict each sample, calibrate.

        Args:
            weight: of each sample in the fit, (k,).
            calibrate_on: samples whose labels the probabilities are calibrated on, (k,).
        """
        shares = ((_logistic, self.logistic_share), (_trees, 1.0 - self.logistic_share))
        logits = np.sum(
            [
                share * _out_of_fold_logits(make, self.samples, weight, self.config)
                for make, share in shares
                if share
            ],
            axis=0,
        )
        return _calibrated(logits, self.samples, calibrate_on, self.config)


def select_classifier(
    samples: LabelledSamples, weight: Weights, calibrate_on: Mask, config: ClassifierConfig
) -> tuple[CrossFittedClassifier, ClassProbabilities]:
    """The mixture with the smallest loss after calibration, and its probabilities.

    A mixture with trees must be clearly better, for what they cost; where they do not help in the
    first fold of a large set, they are not fitted to the others. For the arguments see
    :meth:`CrossFittedClassifier.fit_predict`.
    """
    linear = _out_of_fold_logits(_logistic, samples, weight, config)
    linear_only = config.logistic_shares[0]
    tried = {linear_only: _calibrated(linear, samples, calibrate_on, config)}
    forest = _forest_logits(linear, samples, weight, config)
    if forest is None:
        return CrossFittedClassifier(samples, linear_only, config), tried[linear_only]
    for share in config.logistic_shares[1:]:
        logits = _mixture(share, linear, forest)
        tried[share] = _calibrated(logits, samples, calibrate_on, config)
    best = min(tried, key=lambda share: tried[share].calibration.loss)
    limit = config.max_relative_loss * tried[linear_only].calibration.loss
    if tried[best].calibration.loss >= limit:
        best = linear_only
    return CrossFittedClassifier(samples, best, config), tried[best]


def _forest_logits(
    linear: Probabilities, samples: LabelledSamples, weight: Weights, config: ClassifierConfig
) -> Probabilities | None:
    """Out-of-fold logits of trees, (k, C); none if those of the first fold show that no mixture
    with the logits of the logistic regression lowers the loss."""
    forest = np.empty_like(linear)
    uniform_draws = replace(config, powers=())  # losses are compared; nothing is tested
    for held_out in range(config.folds):
        rows = samples.fold == held_out
        forest[rows] = _logits_of_fold(_trees, samples, weight, config, held_out)
        fitted = rows & (weight > config.min_weight)
        if held_out == 0 and fitted.sum() >= config.screened_samples:
            losses = [
                calibrate(
                    _mixture(share, linear[fitted], forest[fitted]),
                    samples.labels[fitted],
                    uniform_draws,
                ).loss
                for share in config.logistic_shares
            ]
            if min(losses) == losses[0]:
                return None
    return forest


def _mixture(share: float, linear: Probabilities, forest: Probabilities) -> Probabilities:
    return share * linear + (1.0 - share) * forest


def _out_of_fold_logits(
    make: Callable[[int, ClassifierConfig], ClassifierMixin],
    samples: LabelledSamples,
    weight: Weights,
    config: ClassifierConfig,
) -> Probabilities:
    """Log-probabilities of each sample by a classifier fitted to the other folds, (k, C)."""
    out = np.empty((len(samples.labels), samples.n_classes))
    for held_out in range(config.folds):
        rows = samples.fold == held_out
        out[rows] = _logits_of_fold(make, samples, weight, config, held_out)
    return out


def _logits_of_fold(
    make: Callable[[int, ClassifierConfig], ClassifierMixin],
    samples: LabelledSamples,
    weight: Weights,
    config: ClassifierConfig,
    held_out: int,
) -> Probabilities:
    """Log-probabilities of the samples of one fold by a classifier fitted to the others, (r, C).

    Where the other folds hold a single class, that class is certain; where they hold nothing, all
    classes are equally probable.
    """
    x, y, fold = samples.x, samples.labels, samples.fold
    fitted = (fold != held_out) & (weight > config.min_weight)
    rows, present = fold == held_out, np.unique(y[fitted])
    out = np.full((int(rows.sum()), samples.n_classes), np.log(TINY))
    if len(present) < 2:
        out[:, present] = 0.0
    elif rows.any():
        model = make(samples.seed, config)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The number of unique classes is greater")
            model.fit(x[fitted], y[fitted], sample_weight=weight[fitted])
        out[:, model.classes_] = np.log(np.maximum(model.predict_proba(x[rows]), TINY))
    return out


def _calibrated(
    logits: Probabilities, samples: LabelledSamples, calibrate_on: Mask, config: ClassifierConfig
) -> ClassProbabilities:
    found = calibrate(logits[calibrate_on], samples.labels[calibrate_on], config)
    return ClassProbabilities(found(logits), found.of_kept_labels(logits), found)


def _logistic(_: int, config: ClassifierConfig) -> ClassifierMixin:
    return LogisticRegression(C=config.inverse_penalty, max_iter=100, tol=1e-3)


def _trees(seed: int, config: ClassifierConfig) -> ClassifierMixin:
    """For tables and other features that no linear classifier separates."""
    return ExtraTreesClassifier(config.trees, min_samples_leaf=config.min_leaf, random_state=seed)
