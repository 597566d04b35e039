"""Classifier two-sample test (C2ST): does the training set hold what the reference set does not?

A classifier learns to separate training from reference samples. A score from a classifier that saw
neither sample is as likely to be high for a clean training sample as for a reference sample, so an
excess of high scores among training samples consists of glitches.

Source of the test: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import hypergeom
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.config import TwoSampleConfig
from influence.diagnosis.inputs import FeatureBlock, Labels, Mask

_EXPONENTS = (-30.0, 30.0)  # keeps exp finite

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """One score for each training sample, (n,), and reference sample, (m,); high where a sample
    looks like training rather than like reference."""

    train: Floats
    reference: Floats


@dataclass(frozen=True)
class TrainingSides:
    """Training samples that a classifier learns from, (n,) each.

    Attributes:
        positive: learned against the reference set.
        negative: learned along with the reference set.
    """

    positive: Mask
    negative: Mask


def random_folds(
    size: int, number: int, rng: np.random.Generator, groups: Labels | None = None
) -> NDArray[np.int64]:
    """A random fold for each sample, (size,), sizes as equal as possible.

    Args:
        size: samples.
        number: of folds.
        rng: of the draw.
        groups: the number of each sample's group, (size,), if there are groups. The samples of one
            group are in the same fold.
    """
    if groups is None:
        return rng.permutation(np.arange(size) % number)
    _, first, group, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    # by first appearance, since the numbers of groups follow the order of the file
    drawn = first.argsort()[rng.permutation(len(sizes))]
    held, fold = np.zeros(number, np.int64), np.empty(len(sizes), np.int64)
    for one in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold[one] = held.argmin()
        held[fold[one]] += sizes[one]
    return fold[group]


def cross_fitted_scores(
    block: FeatureBlock,
    inverse_penalty: float,
    rng: np.random.Generator,
    config: TwoSampleConfig,
    sides: TrainingSides | None = None,
) -> Scores:
    """Log-odds of training against reference, in the reference's units, by logistic regressions
    that did not see the sample; zero where the other folds hold samples of one side only.

    Args:
        block: features.
        inverse_penalty: C of the regression.
        rng: of the folds.
        config: settings.
        sides: training samples to learn from; by default all, against the reference set.
    """
    n, m = len(block.train), len(block.reference)
    sides = sides or TrainingSides(np.ones(n, dtype=bool), np.zeros(n, dtype=bool))
    fold = random_folds(n, config.folds, rng, block.groups)
    reference_fold = random_folds(m, config.folds, rng)
    train, reference = np.zeros(n), np.zeros(m)
    for held_out in range(config.folds):
        test, reference_test = fold == held_out, reference_fold == held_out
        parts = (
            block.train[~test & sides.positive],
            block.train[~test & sides.negative],
            block.reference[~reference_test],
        )
        is_train = np.repeat([1, 0, 0], [len(part) for part in parts])
        if is_train.all() or not is_train.any():
            continue
        model = LogisticRegression(
            C=inverse_penalty, class_weight="balanced", tol=1e-3, max_iter=200
        ).fit(np.vstack(parts), is_train)
        if test.any():
            train[test] = model.decision_function(block.train[test])
        if reference_test.any():
            reference[reference_test] = model.decision_function(block.reference[reference_test])
    return in_reference_units(Scores(train, reference), config)


def in_reference_units(scores: Scores, config: TwoSampleConfig) -> Scores:
    """The scores in upper standard deviations of the reference around its median."""
    median, upper = np.quantile(scores.reference, [0.5, config.upper_quantile])
    spread = max(upper - median, np.finfo(np.float64).eps)
    return Scores((scores.train - median) / spread, (scores.reference - median) / spread)


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """The mean of the scores of several classifiers."""
    return Scores(
        np.mean([one.train for one in scores], axis=0),
        np.mean([one.reference for one in scores], axis=0),
    )


def aligned(scores: Scores, glitched: float, config: TwoSampleConfig) -> Scores:
    """The scores with those of the reference shifted and scaled, so that its lower half agrees with
    that of the clean training samples; in the reference's units.

    For a classifier that was refitted to what an earlier one found: reference samples were
    negatives of the earlier one, and score too low for that reason.

    Args:
        scores: to align.
        glitched: fraction of the training samples, those with the highest scores, that is glitched.
        config: settings.
    """
    quantiles = np.array(config.alignment_quantiles)
    wanted = np.quantile(scores.train, quantiles * (1.0 - glitched))
    slope, offset = np.polyfit(np.quantile(scores.reference, quantiles), wanted, 1)
    moved = Scores(scores.train, offset + slope * scores.reference)
    return in_reference_units(moved, config)


def excess_p_value(scores: Scores, config: TwoSampleConfig) -> float:
    """The p-value of the excess of high scores among training samples.

    One-sided hypergeometric test of the count above each threshold, Bonferroni-corrected; the
    thresholds are upper quantiles of the reference scores.
    """
    n, m = len(scores.train), len(scores.reference)
    smallest = 1.0
    for threshold in np.quantile(scores.reference, 1.0 - np.array(config.tails)):
        above = int((scores.train > threshold).sum())
        above_reference = int((scores.reference > threshold).sum())
        p_value = float(hypergeom.sf(above - 1, n + m, above + above_reference, n))
        smallest = min(smallest, p_value)
    return min(1.0, len(config.tails) * smallest)


def excess_posterior(scores: Scores, config: TwoSampleConfig) -> Floats:
    """The probability that a training sample belongs to the excess, (n,).

    With r(s) the density ratio of training to reference at score s, and 1 − ε its value where
    scores are ordinary, which bounds the clean fraction: 1 − (1 − ε) / r(s).
    """
    limit = config.ordinary
    ordinary = np.quantile(scores.reference, limit)
    clean = float((scores.train <= ordinary).mean() / (scores.reference <= ordinary).mean())
    # two standard errors more, so that sampling noise alone yields no excess
    clean *= 1.0 + 2.0 * np.sqrt(
        (1.0 - limit) / limit * (1.0 / len(scores.train) + 1.0 / len(scores.reference))
    )
    posterior = 1.0 - min(1.0, clean) / density_ratio(scores, config)
    return np.asarray(np.clip(posterior, 0.0, 1.0))


def density_ratio(scores: Scores, config: TwoSampleConfig) -> Floats:
    """The ratio of the densities of training and reference at each training sample, (n,).

    r(s) = r₀ + exp(b (s − a)), since scores are log-odds up to shift and scale. Of n training and m
    reference samples at s, the fraction n r(s) / (n r(s) + m) are training samples; r₀, a and b by
    maximum likelihood. A slope b without a bound would follow the last reference samples before a
    gap.
    """
    n, m = len(scores.train), len(scores.reference)

    def ratio(s: Floats, parameters: Floats) -> Floats:
        base, shift, log_slope = parameters
        exponent = np.exp(log_slope) * (s - shift)
        return np.asarray(expit(base) + np.exp(np.clip(exponent, *_EXPONENTS)))

    def loss(parameters: Floats) -> float:
        train, reference = (n * ratio(s, parameters) for s in (scores.train, scores.reference))
        likelihood = np.log(train / (train + m)).sum() + np.log(m / (reference + m)).sum()
        return float(-likelihood / (n + m))

    bounds = (config.base_log_odds, (None, None), (config.min_log_slope, config.max_log_slope))
    fits = [
        minimize(
            loss,
            (config.base_start, shift, config.max_log_slope / 2),
            method="L-BFGS-B",
            bounds=bounds,
        )
        for shift in np.quantile(scores.train, config.shift_starts)
    ]
    return ratio(scores.train, min(fits, key=lambda fit: float(fit.fun)).x)


def rank_among_reference(scores: Scores) -> Floats:
    """The fraction of reference samples that score below each training sample, (n,) in [0, 1).

    Ties count half; training samples between the same two reference scores, or beyond all of them,
    keep their own order.
    """
    ordered = np.sort(scores.reference)
    below = np.searchsorted(ordered, scores.train, "left")
    below = below + np.searchsorted(ordered, scores.train, "right")
    own = scores.train.argsort(kind="stable").argsort(kind="stable") / len(scores.train)
    return np.asarray((below / 2 + own) / (len(scores.reference) + 1))
