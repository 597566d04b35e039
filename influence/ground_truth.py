"""Comparison of influence estimates with retraining: leave-one-out and linear datamodeling score.

The caller supplies retraining as a function that maps masks to the losses of models trained on the
samples that each mask keeps, so that this module depends on neither models nor data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from common.errors import UserError
from influence.profile import Floats

Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Losses:
    """Losses of K retrained models.

    Attributes:
        train: (K, n), of all training samples, whether kept or not.
        validation: (K, m).
    """

    train: Floats
    validation: Floats


Retrain = Callable[[Masks], Losses]
"""Maps K masks, (K, n), to the losses of the K models trained on the samples that they keep."""


@dataclass(frozen=True)
class LeftOut:
    """The effect of leaving out single samples.

    Attributes:
        rows: the samples left out, one at a time, (k,).
        on_validation: increase of the loss of each validation sample, (k, m). Positive means
            that the sample left out was helpful.
        on_itself: increase of the loss of the sample itself, (k,).
    """

    rows: NDArray[np.int64]
    on_validation: Floats
    on_itself: Floats


def leave_one_out(retrain: Retrain, n: int, rows: NDArray[np.int64], at_once: int = 64) -> LeftOut:
    """Retrain without each sample of ``rows`` in turn.

    Args:
        retrain: see :data:`Retrain`.
        n: training samples.
        rows: samples to leave out, (k,) int64.
        at_once: number of models trained by one call.
    """
    whole = retrain(np.ones((1, n), dtype=bool))
    on_validation, on_itself = [], []
    for part in np.split(rows, range(at_once, len(rows), at_once)):
        masks = np.ones((len(part), n), dtype=bool)
        masks[np.arange(len(part)), part] = False
        losses = retrain(masks)
        on_validation.append(losses.validation - whole.validation)
        on_itself.append((losses.train - whole.train)[np.arange(len(part)), part])
    return LeftOut(rows, np.concatenate(on_validation), np.concatenate(on_itself))


def random_subsets(n: int, count: int, share: float, rng: np.random.Generator) -> Masks:
    """Masks of ``count`` subsets of equal size, each drawn uniformly, (count, n)."""
    kept = round(share * n)
    if not 0 < kept < n:
        raise UserError(f"share must keep at least 1 and at most {n - 1} samples, got {share}")
    order = rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    masks = np.zeros((count, n), dtype=bool)
    np.put_along_axis(masks, order[:, :kept], values=True, axis=1)
    return masks


def subset_losses(retrain: Retrain, masks: Masks, at_once: int = 64) -> Floats:
    """Validation losses of the models trained on each subset, (K, m)."""
    parts = np.split(masks, range(at_once, len(masks), at_once))
    return np.concatenate([retrain(part).validation for part in parts])


def linear_datamodeling_scores(influence: Floats, masks: Masks, losses: Floats) -> Floats:
    """LDS of each validation sample (Park et al. 2023, section 2).

    This is the rank correlation, over the subsets, between the loss after training on a subset and
    its prediction, minus the sum of the influence of the samples in the subset.

    Args:
        influence: I(i → j), (n, m), positive where i lowers the loss of j.
        masks: (K, n).
        losses: (K, m).

    Returns:
        (m,), in [-1, 1]; nan where all predictions or all losses are equal.
    """
    predicted = -(masks.astype(np.float64) @ influence)
    return rank_correlations(predicted.T, losses.T)


def rank_correlations(first: Floats, second: Floats) -> Floats:
    """Spearman's rank correlation between equal rows of two matrices, (rows,).

    Ties get their mean rank; the correlation of a constant row is nan.

    >>> rank_correlations(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 40.0, 20.0]]))
    array([0.5])
    """
    ranks = [rankdata(values, axis=1) for values in (first, second)]
    a, b = (values - values.mean(axis=1, keepdims=True) for values in ranks)
    norm = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
    with np.errstate(invalid="ignore"):
        correlations: Floats = (a * b).sum(axis=1) / norm
    return correlations
