"""Class probabilities from classifiers that have not seen the sample, calibrated on validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.inputs import Labels, Pair
from influence.diagnosis.two_sample import folds

FOLDS = 4
INVERSE_PENALTY = 1.0
TREES = 50
LEAF = 3
LEAST_WEIGHT = 0.05
MIXTURES = (1.0, 0.5, 0.0)
WORTH_IT = 0.97
TINY = 1e-6
BOUNDS = ((-3.0, 2.3), (-8.0, 8.0))
STARTS = ((0.0, -4.0), (1.0, -2.0))
"""Of the logarithm of the scale and the log-odds of the floor: few labels by chance, and many."""

Probabilities = NDArray[np.float64]
Make = Callable[[int], ClassifierMixin]


def logistic(_: int) -> ClassifierMixin:
    """Multinomial logistic regression."""
    return LogisticRegression(C=INVERSE_PENALTY, max_iter=100, tol=1e-3)


def trees(seed: int) -> ClassifierMixin:
    """Extremely randomised trees, for tables and other features that no line separates."""
    return ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=seed)


@dataclass(frozen=True)
class ClassProbabilities:
    """Attributes:
    train, validation: p(c | x), whatever the label given, (n, C) and (m, C).
    calibration: that made them.
    """

    train: Probabilities
    validation: Probabilities
    calibration: Calibration


@dataclass(frozen=True)
class Task:
    """What probes learn from.

    Attributes:
        features: of training and validation.
        labels, validation_labels: (n,) and (m,).
        n_classes: C.
        seed: of folds and trees.
    """

    features: Pair
    labels: Labels
    validation_labels: Labels
    n_classes: int
    seed: int

    def learn(
        self, make: Make, trust: NDArray[np.float64], trust_validation: NDArray[np.float64]
    ) -> tuple[Probabilities, Probabilities]:
        """Log-probabilities of training and validation samples, each from the other folds.

        Args:
            make: a classifier from a seed.
            trust: weight of each training sample, (n,); validation samples of ``trust_validation``,
                (m,), likewise.
        """
        rng = np.random.default_rng(self.seed)
        n, m = len(self.labels), len(self.validation_labels)
        fold = np.concatenate([folds(n, rng, FOLDS), folds(m, rng, FOLDS)])
        x = np.vstack([self.features.train, self.features.validation])
        y = np.concatenate([self.labels, self.validation_labels])
        weight = np.concatenate([trust, trust_validation])
        out = np.full((n + m, self.n_classes), np.log(TINY))
        for held in range(FOLDS):
            used = (fold != held) & (weight > LEAST_WEIGHT)
            model = make(self.seed).fit(x[used], y[used], sample_weight=weight[used])
            rows = fold == held
            found = np.log(np.maximum(model.predict_proba(x[rows]), TINY))
            out[np.ix_(rows, model.classes_)] = found
        return out[:n], out[n:]


class Probes:
    """Logistic regression and trees, mixed as tells most of the validation labels.

    The mixture is chosen when they first learn, and kept.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._share: float | None = None

    def __call__(
        self,
        trust: NDArray[np.float64],
        trust_validation: NDArray[np.float64],
        calibrate_on: NDArray[np.bool_] | None = None,
    ) -> ClassProbabilities:
        """Calibrated probabilities, with this trust in the samples' labels.

        Args:
            trust, trust_validation: in the labels of training and validation samples, (n,), (m,).
            calibrate_on: validation samples, (m,); by default those that are trusted.
        """
        judges = trust_validation > LEAST_WEIGHT if calibrate_on is None else calibrate_on
        learned: dict[Make, tuple[Probabilities, Probabilities]] = {}

        def mixed(share: float) -> tuple[float, ClassProbabilities]:
            weights = {make: w for make, w in ((logistic, share), (trees, 1.0 - share)) if w}
            for make in weights.keys() - learned.keys():
                learned[make] = self._task.learn(make, trust, trust_validation)
            train, validation = (
                np.sum([w * learned[make][k] for make, w in weights.items()], axis=0)
                for k in (0, 1)
            )
            found = calibrated(validation[judges], self._task.validation_labels[judges])
            return found.loss, ClassProbabilities(found(train), found(validation), found)

        if self._share is not None:
            return mixed(self._share)[1]
        tried = {share: mixed(share) for share in MIXTURES}
        best = min(MIXTURES, key=lambda share: tried[share][0])
        # one with trees must tell clearly more, for what they cost
        self._share = best if tried[best][0] < WORTH_IT * tried[1.0][0] else 1.0
        return tried[self._share][1]


@dataclass(frozen=True)
class Calibration:
    """Temperature and floor of probabilities.

    Attributes:
        scale: what logits are multiplied by.
        floor: share of labels that follow no probability but chance.
        loss: negative log-likelihood of a label.
    """

    scale: float
    floor: float
    loss: float = float("nan")

    def __call__(self, logits: Probabilities) -> Probabilities:
        """Calibrated probabilities from logits, (k, C)."""
        p = softmax(self.scale * logits, axis=1)
        return np.asarray((1 - self.floor) * p + self.floor / logits.shape[1])

    def without_floor(self, probabilities: Probabilities) -> Probabilities:
        """The probabilities of labels that chance has not touched."""
        rest = probabilities - self.floor / probabilities.shape[1]
        return np.asarray(np.maximum(rest, TINY) / (1 - self.floor))


def calibrated(logits: Probabilities, labels: Labels) -> Calibration:
    """The calibration of logits (k, C) on labels (k,) by maximum likelihood."""
    rows = np.arange(len(labels))

    def tried(parameters: NDArray[np.float64]) -> Calibration:
        scale, floor = parameters
        return Calibration(float(np.exp(scale)), float(expit(floor)))

    def loss(parameters: NDArray[np.float64]) -> float:
        return float(-np.log(tried(parameters)(logits)[rows, labels]).mean())

    ends = [minimize(loss, start, method="L-BFGS-B", bounds=BOUNDS) for start in STARTS]
    found = min(ends, key=lambda end: float(end.fun))
    return replace(tried(found.x), loss=float(found.fun))
