"""Calibration of class probabilities: temperature scaling with a floor.

Source of temperature scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
The floor is the fraction of labels that follow no features but a uniform draw; without it, a few
wrong labels would make all probabilities less certain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, softmax

from influence.diagnosis.config import ClassifierConfig
from influence.diagnosis.inputs import Labels

TINY = 1e-6  # smallest probability, so that its logarithm is finite

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """(1 − f) softmax(s z) + f / C for logits z.

    Attributes:
        scale: s, the inverse of the temperature.
        floor: f, the fraction of labels that are uniform draws.
        loss: mean negative log-likelihood of the labels it was fitted to.
    """

    scale: float
    floor: float
    loss: float = float("nan")

    def __call__(self, logits: Probabilities) -> Probabilities:
        """Calibrated probabilities of logits, (k, C)."""
        p = softmax(self.scale * logits, axis=1)
        return np.asarray((1 - self.floor) * p + self.floor / logits.shape[1])

    def without_floor(self, probabilities: Probabilities) -> Probabilities:
        """Calibrated probabilities, (k, C), of the labels that are no uniform draws."""
        rest = probabilities - self.floor / probabilities.shape[1]
        return np.asarray(np.maximum(rest, TINY) / (1 - self.floor))


def calibrate(logits: Probabilities, labels: Labels, config: ClassifierConfig) -> Calibration:
    """The maximum-likelihood calibration of logits (k, C) for labels (k,)."""
    rows, chance = np.arange(len(labels)), 1.0 / logits.shape[1]
    of_label = logits[rows, labels]

    def candidate(parameters: NDArray[np.float64]) -> Calibration:
        log_scale, floor_log_odds = parameters
        return Calibration(float(np.exp(log_scale)), float(expit(floor_log_odds)))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The mean loss and its gradient."""
        found = candidate(parameters)
        scale, floor = found.scale, found.floor
        p = softmax(scale * logits, axis=1)
        own = p[rows, labels]
        likelihood = (1 - floor) * own + floor * chance
        by_log_scale = (1 - floor) * own * scale * (of_label - np.vecdot(p, logits))
        by_log_odds = floor * (1 - floor) * (chance - own)
        gradient = [-(by / likelihood).mean() for by in (by_log_scale, by_log_odds)]
        return float(-np.log(likelihood).mean()), np.array(gradient)

    bounds = (config.log_scale_bounds, config.floor_log_odds_bounds)
    fits = [
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in config.starts
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return replace(candidate(best.x), loss=float(best.fun))
