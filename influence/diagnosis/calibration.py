"""Calibration of class probabilities: temperature scaling with a share of replaced labels.

Source of temperature scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
A fraction of the labels is drawn from other probabilities: uniform ones, or those of the same
logits at a higher temperature. Without it, a few wrong labels would make all probabilities less
certain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from scipy.stats import chi2

from influence.diagnosis.config import ClassifierConfig
from influence.diagnosis.inputs import Labels

TINY = 1e-6  # smallest probability, so that its logarithm is finite

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """(1 − f) softmax(s z) + f softmax(τ s z) for logits z.

    Attributes:
        scale: s, the inverse of the temperature.
        floor: f, the fraction of labels that are replaced by a draw.
        loss: mean negative log-likelihood of the labels it was fitted to.
        power: τ; the probabilities of a draw are proportional to p(c)^τ. Zero makes them uniform;
            otherwise they prefer classes that are confused with the correct one, and change labels
            more often where samples are hard.
        proven: whether a test says that labels are replaced.
    """

    scale: float
    floor: float
    loss: float = float("nan")
    power: float = 0.0
    proven: bool = False

    def __call__(self, logits: Probabilities) -> Probabilities:
        """Calibrated probabilities of the given labels, (k, C)."""
        p = softmax(self.scale * logits, axis=1)
        if not self.power:
            return np.asarray((1 - self.floor) * p + self.floor / logits.shape[1])
        drawn = softmax(self.power * self.scale * logits, axis=1)
        return np.asarray((1 - self.floor) * p + self.floor * drawn)

    def of_kept_labels(self, logits: Probabilities) -> Probabilities:
        """Calibrated probabilities of the labels that are not replaced, (k, C)."""
        return np.asarray(np.maximum(softmax(self.scale * logits, axis=1), TINY))


def calibrate(logits: Probabilities, labels: Labels, config: ClassifierConfig) -> Calibration:
    """The maximum-likelihood calibration of logits (k, C) for labels (k,)."""
    found = _fit(logits, labels, 0.0, config.floor_log_odds_bounds, config)
    if not config.powers:
        return found
    found = _tested(found, logits, labels, config)
    for power in config.powers:
        other = _fit(logits, labels, power, config.floor_log_odds_bounds, config)
        other = _tested(other, logits, labels, config)
        if other.proven and other.loss < found.loss:
            found = other
    return found


def _fit(
    logits: Probabilities,
    labels: Labels,
    power: float,
    floor_log_odds: tuple[float, float],
    config: ClassifierConfig,
) -> Calibration:
    """The most likely calibration with this power."""
    rows, chance = np.arange(len(labels)), 1.0 / logits.shape[1]
    of_label = logits[rows, labels]

    def candidate(parameters: NDArray[np.float64]) -> Calibration:
        log_scale, floor = parameters
        return Calibration(float(np.exp(log_scale)), float(expit(floor)), power=power)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The mean loss and its gradient."""
        found = candidate(parameters)
        scale, floor = found.scale, found.floor
        p = softmax(scale * logits, axis=1)
        own, drawn = p[rows, labels], np.float64(chance)
        by_log_scale = (1 - floor) * own * scale * (of_label - np.vecdot(p, logits))
        if power:
            q = softmax(power * scale * logits, axis=1)
            drawn = q[rows, labels]
            by_log_scale += floor * drawn * power * scale * (of_label - np.vecdot(q, logits))
        likelihood = (1 - floor) * own + floor * drawn
        by_log_odds = floor * (1 - floor) * (drawn - own)
        gradient = [-(by / likelihood).mean() for by in (by_log_scale, by_log_odds)]
        return float(-np.log(likelihood).mean()), np.array(gradient)

    bounds = (config.log_scale_bounds, floor_log_odds)
    lowest, highest = np.array(bounds).T
    starts = np.clip(np.array(config.starts), lowest, highest)
    fits = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(fits, key=lambda fit: float(fit.fun))
    return replace(candidate(best.x), loss=float(best.fun))


def _tested(
    found: Calibration, logits: Probabilities, labels: Labels, config: ClassifierConfig
) -> Calibration:
    """The same, with the result of a likelihood-ratio test against a negligible floor."""
    bounds = (config.floor_log_odds_bounds[0], float(logit(config.negligible_floor)))
    negligible = _fit(logits, labels, found.power, bounds, config)
    statistic = 2 * len(labels) * (negligible.loss - found.loss)
    p_value = chi2.sf(statistic, 1) / 2  # one-sided
    return replace(found, proven=bool(p_value < config.floor_significance))
