"""In which features a sample of a table differs most from the samples with its label."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset

UNUSUAL: Final = 3
# Scales the median absolute deviation to the standard deviation of a normal distribution.
_NORMAL: Final = 1.4826
# Enough for a median; the training set is in random order.
_ENOUGH: Final = 2000


def unusual_features(data: Dataset, rows: NDArray[np.int64]) -> list[str]:
    """Of each row the features that deviate most from its label's median, as text.

    Deviations are in median absolute deviations of the label's samples, scaled to standard ones;
    where most samples agree on a feature, in plain standard deviations.
    """
    found = {}
    for label in np.unique(data.y[rows]):
        here = rows[data.y[rows] == label]
        own = data.x[data.y == label][:_ENOUGH].astype(np.float64)
        middle = np.median(own, axis=0)
        robust = _NORMAL * np.median(np.abs(own - middle), axis=0)
        scale = np.where(robust > 0, robust, own.std(axis=0))
        away = data.x[here].astype(np.float64) - middle
        score = np.divide(away, scale, out=np.zeros_like(away), where=scale > 0)
        for row, scores in zip(here, score, strict=True):
            top = np.argsort(-np.abs(scores), kind="stable")[:UNUSUAL]
            found[int(row)] = "; ".join(
                f"{_feature(data, f)} = {data.x[row, f]:.4g} ({scores[f]:+.1f})" for f in top
            )
    return [found[int(row)] for row in rows]


def _feature(data: Dataset, number: int) -> str:
    return data.feature_names[number] if data.feature_names else f"x{number}"
