"""A mixture of two Gaussians over one number per sample."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

SMALLEST_VARIANCE = 5e-4  # of values scaled to [0, 1]; as in DivideMix
ITERATIONS = 100


def log_odds_of_upper(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-odds that each value belongs to the component with the higher mean, (n,).

    Log-odds rather than probabilities, since these are equal to 1 for many values. Expectation
    maximisation starts from the lower and the upper half of the range, so that the result does not
    depend on the order of the values. Where all values are equal, all log-odds are -1.
    """
    low, high = values.min(), values.max()
    if low == high:
        return np.full(len(values), -1.0)
    scaled = np.sort((values.astype(np.float64) - low) / (high - low))
    upper = scaled > 0.5
    parts = [scaled[~upper], scaled[upper]]
    variances = [max(float(part.var()), SMALLEST_VARIANCE) for part in parts]
    mixture = GaussianMixture(
        2,
        covariance_type="diag",
        reg_covar=SMALLEST_VARIANCE,
        max_iter=ITERATIONS,
        weights_init=[len(part) / len(scaled) for part in parts],
        means_init=[[part.mean()] for part in parts],
        precisions_init=[[1.0 / variance] for variance in variances],
    )
    with warnings.catch_warnings():  # the last of 100 iterations is good enough
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(scaled[:, None])
    lower, upper_component = np.argsort(mixture.means_[:, 0])
    positions = (values.astype(np.float64) - low) / (high - low)
    log_joint = [
        np.log(max(float(mixture.weights_[k]), np.finfo(np.float64).tiny))
        + norm.logpdf(positions, mixture.means_[k, 0], np.sqrt(mixture.covariances_[k, 0]))
        for k in (upper_component, lower)
    ]
    return np.asarray(log_joint[0] - log_joint[1])
