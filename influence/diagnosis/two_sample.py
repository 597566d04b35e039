"""Does the training set hold what clean validation samples do not?

A score that has seen neither sample is as likely high on a clean training sample as on a
validation sample. An excess of high scores among training samples is therefore made of glitches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import hypergeom
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.inputs import Pair

FOLDS = 5
TAILS = (0.0, 0.005, 0.02, 0.05, 0.1)
"""Shares of the validation samples above a threshold at which an excess is looked for."""
LOWER_HALF = np.linspace(0.05, 0.5, 10)
ORDINARY = 0.7  # share of validation samples, those with low scores, that no glitch looks like
BASE = 2.0
LIMITS = ((-3.0, 9.0), (None, None), (-2.0, float(np.log(2.0))))
"""Of the log-odds of r₀, the shift and the logarithm of the slope of a density ratio."""
EXPONENTS = (-30.0, 30.0)
SHIFTS = (0.8, 0.9, 0.97)  # quantiles of training at which the fit of the shift begins

Scores = NDArray[np.float64]
ScorePair = tuple[Scores, Scores]


@dataclass(frozen=True)
class Taught:
    """Training samples that teach a contrast, (n,) each.

    Attributes:
        unlike: those on the side that validation is not on.
        like: those on the side of validation.
    """

    unlike: NDArray[np.bool_]
    like: NDArray[np.bool_]


def folds(size: int, rng: np.random.Generator, number: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each sample, (size,), as equal as can be."""
    return rng.permutation(np.arange(size) % number)


def told_apart(
    pair: Pair, inverse_penalty: float, rng: np.random.Generator, taught: Taught | None = None
) -> ScorePair:
    """How much more each sample looks like training than like validation, (n,) and (m,).

    The log-odds of a logistic regression that has not seen the sample.

    Args:
        pair: the samples.
        inverse_penalty: of the regression.
        rng: of folds.
        taught: training samples that it learns from, and on which side; by default all of them,
            against validation.
    """
    n, m = len(pair.train), len(pair.validation)
    taught = Taught(np.ones(n, dtype=bool), np.zeros(n, dtype=bool)) if taught is None else taught
    fold, fold_v = folds(n, rng), folds(m, rng)
    scores, scores_v = np.zeros(n), np.zeros(m)
    for held in range(FOLDS):
        seen = (fold != held) & taught.unlike, (fold != held) & taught.like, fold_v != held
        model = LogisticRegression(
            C=inverse_penalty, class_weight="balanced", tol=1e-3, max_iter=200
        )
        x = np.vstack([pair.train[seen[0]], pair.train[seen[1]], pair.validation[seen[2]]])
        model.fit(x, np.repeat([1, 0, 0], [int(rows.sum()) for rows in seen]))
        scores[fold == held] = model.decision_function(pair.train[fold == held])
        scores_v[fold_v == held] = model.decision_function(pair.validation[fold_v == held])
    return scores, scores_v


def in_common_units(scores: ScorePair) -> ScorePair:
    """The scores in upper deviations of validation around its median."""
    train, validation = scores
    median, upper = np.quantile(validation, [0.5, 0.84])
    spread = max(upper - median, np.finfo(np.float64).eps)
    return (train - median) / spread, (validation - median) / spread


def aligned(scores: ScorePair, share: float) -> ScorePair:
    """The scores with those of validation moved and stretched, until their lower half agrees with
    that of the clean training samples.

    For scores of a contrast that was taught by what an earlier one had found: validation samples
    took part in that one, on the side of validation, and score too low for it.

    Args:
        scores: of training and validation.
        share: of the training samples, those with the highest scores, that are not clean.
    """
    train, validation = scores
    should = np.quantile(train, LOWER_HALF * (1.0 - share))
    slope, offset = np.polyfit(np.quantile(validation, LOWER_HALF), should, 1)
    return train, offset + slope * validation


def excess_p_value(scores: ScorePair) -> float:
    """The p-value of the excess of high scores among training samples.

    At the threshold that tells most, among those that a share of the validation samples exceeds;
    hypergeometric, corrected for the number of thresholds.
    """
    train, validation = scores
    n, m = len(train), len(validation)
    smallest = 1.0
    for threshold in np.quantile(validation, 1.0 - np.array(TAILS)):
        k, k_v = int((train > threshold).sum()), int((validation > threshold).sum())
        smallest = min(smallest, float(hypergeom.sf(k - 1, n + m, k + k_v, n)))
    return min(1.0, len(TAILS) * smallest)


def excess_posterior(scores: ScorePair) -> Scores:
    """The probability that a training sample is of the excess, (n,).

    With r(s) the ratio of the densities of training and validation at score s, and 1 − ε the same
    ratio where scores are ordinary (its upper bound): 1 − (1 − ε) / r(s).
    """
    train, validation = scores
    ordinary = np.quantile(validation, ORDINARY)
    clean = float((train <= ordinary).mean() / (validation <= ordinary).mean())
    # no more than the validation samples prove: its standard error, twice, is given away
    clean *= 1.0 + 2.0 * np.sqrt(
        (1.0 - ORDINARY) / ORDINARY * (1.0 / len(train) + 1.0 / len(validation))
    )
    return np.asarray(np.clip(1.0 - min(1.0, clean) / density_ratio(scores), 0.0, 1.0))


def density_ratio(scores: ScorePair) -> Scores:
    """The ratio of the densities of training and validation at each training sample, (n,).

    Scores are log-odds in units of their own, hence r(s) = r₀ + exp(b (s − a)). Of n training and
    m validation samples at s, the share n r(s) / (n r(s) + m) are of training; r₀, a and b by
    maximum likelihood. What is as steep as the data would follow single validation samples, the
    last ones before a gap; b is bounded.
    """
    train, validation = scores
    n, m = len(train), len(validation)

    def ratio(s: Scores, parameters: Scores) -> Scores:
        base, shift, slope = parameters
        exponent = np.exp(slope) * (s - shift)
        return np.asarray(expit(base) + np.exp(np.clip(exponent, *EXPONENTS)))

    def loss(parameters: Scores) -> float:
        of_train, of_validation = (n * ratio(s, parameters) for s in scores)
        right = np.log(of_train / (of_train + m)).sum() + np.log(m / (of_validation + m)).sum()
        return float(-right / (n + m))

    starts = [(BASE, shift, LIMITS[2][1] / 2) for shift in np.quantile(train, SHIFTS)]
    ends = [minimize(loss, start, method="L-BFGS-B", bounds=LIMITS) for start in starts]
    return ratio(train, min(ends, key=lambda end: float(end.fun)).x)


def rank_among_clean(scores: ScorePair) -> Scores:
    """The share of validation samples that score below each training sample, ties halved, with
    the order of training samples beyond all of them kept, (n,) in [0, 1)."""
    train, validation = scores
    ordered = np.sort(validation)
    below = np.searchsorted(ordered, train, "left") + np.searchsorted(ordered, train, "right")
    own = train.argsort(kind="stable").argsort(kind="stable") / len(train)
    return np.asarray((below / 2 + own) / (len(validation) + 1))
