"""Does the training set hold what clean validation samples do not?

A score that has seen neither sample is as likely high on a clean training sample as on a
validation sample. An excess of high scores among training samples is therefore made of glitches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.views import Pair

FOLDS = 5
TAILS = (0.0, 0.005, 0.02, 0.05, 0.1)
"""Shares of the validation samples above a threshold at which an excess is looked for."""
ORDINARY = 0.7  # share of validation samples, those with low scores, that no glitch looks like
RATIO_LIMIT = 1e-3

Scores = NDArray[np.float64]
ScorePair = tuple[Scores, Scores]


def folds(size: int, rng: np.random.Generator, number: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each sample, (size,), as equal as can be."""
    return rng.permutation(np.arange(size) % number)


def told_apart(pair: Pair, inverse_penalty: float, rng: np.random.Generator) -> ScorePair:
    """How much more each sample looks like training than like validation, (n,) and (m,).

    The log-odds of a logistic regression that has not seen the sample.
    """
    fold, fold_v = folds(len(pair.train), rng), folds(len(pair.validation), rng)
    scores, scores_v = np.zeros(len(fold)), np.zeros(len(fold_v))
    for held in range(FOLDS):
        seen = pair.rows(fold != held, fold_v != held)
        model = LogisticRegression(
            C=inverse_penalty, class_weight="balanced", tol=1e-3, max_iter=200
        )
        is_train = np.repeat([1, 0], [len(seen.train), len(seen.validation)])
        model.fit(np.vstack([seen.train, seen.validation]), is_train)
        scores[fold == held] = model.decision_function(pair.train[fold == held])
        scores_v[fold_v == held] = model.decision_function(pair.validation[fold_v == held])
    return scores, scores_v


def in_common_units(scores: ScorePair) -> ScorePair:
    """The scores in upper deviations of validation around its median."""
    train, validation = scores
    median, upper = np.quantile(validation, [0.5, 0.84])
    spread = max(upper - median, np.finfo(np.float64).eps)
    return (train - median) / spread, (validation - median) / spread


def excess_p_value(scores: ScorePair) -> float:
    """The p-value of the excess of high scores among training samples.

    At the threshold that tells most, among those that a share of the validation samples exceeds.
    """
    return p_value_above(scores, np.quantile(scores[1], 1.0 - np.array(TAILS)))


def p_value_above(scores: ScorePair, thresholds: Scores) -> float:
    """The p-value of the excess of training samples above that threshold which tells most.

    Hypergeometric, corrected for the number of thresholds.
    """
    train, validation = scores
    n, m = len(train), len(validation)
    smallest = 1.0
    for threshold in thresholds:
        k, k_v = int((train > threshold).sum()), int((validation > threshold).sum())
        smallest = min(smallest, float(hypergeom.sf(k - 1, n + m, k + k_v, n)))
    return min(1.0, len(thresholds) * smallest)


def excess_posterior(scores: ScorePair) -> Scores:
    """The probability that a training sample is of the excess, (n,).

    With r(s) the ratio of the densities of training and validation at score s, isotonic in s, and
    1 − ε the same ratio where scores are ordinary (its upper bound): 1 − (1 − ε) / r(s).
    """
    train, validation = scores
    n, m = len(train), len(validation)
    is_train = np.repeat([1.0, 0.0], [n, m])
    weight = np.repeat([1.0 / n, 1.0 / m], [n, m])
    regression = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    share = regression.fit(np.concatenate(scores), is_train, weight).predict(train)
    ratio = np.maximum(share / np.maximum(1.0 - share, RATIO_LIMIT), RATIO_LIMIT)
    ordinary = np.quantile(validation, ORDINARY)
    clean = float((train <= ordinary).mean() / (validation <= ordinary).mean())
    # no more than the validation samples prove: its standard error, twice, is given away
    clean *= 1.0 + 2.0 * np.sqrt((1.0 - ORDINARY) / ORDINARY * (1.0 / n + 1.0 / m))
    clean = min(1.0, clean)
    return np.asarray(np.clip(1.0 - clean / ratio, 0.0, 1.0))


def rank_among_clean(scores: ScorePair) -> Scores:
    """The share of validation samples that score below each training sample, ties halved, with
    the order of training samples beyond all of them kept, (n,) in [0, 1)."""
    train, validation = scores
    ordered = np.sort(validation)
    below = np.searchsorted(ordered, train, "left") + np.searchsorted(ordered, train, "right")
    own = train.argsort(kind="stable").argsort(kind="stable") / len(train)
    return np.asarray((below / 2 + own) / (len(validation) + 1))
