"""Self-Influence at the epoch where it separates best, chosen without knowing any glitch (the
use of training dynamics that the paper, section 6, asks for)."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


def separability(values: NDArray[np.floating]) -> float:
    """Share of the variance that the best split in two groups explains (Otsu 1979), in [0, 1].

    >>> separability(np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    >>> separability(np.array([3.0, 3.0]))
    0.0
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    variance, count = ordered.var(), len(ordered)
    if variance == 0:
        return 0.0
    below = np.arange(1, count)
    sums = ordered.cumsum()
    gap = (sums[-1] - sums[:-1]) / (count - below) - sums[:-1] / below
    return float((below * (count - below) * gap**2).max() / (count**2 * variance))


@whole_training
def best_epoch_self_influence(evidence: Evidence) -> Scores:
    """SI at the epoch whose SI has the largest :func:`separability`; the first of equals."""
    by_epoch = evidence.full_profile.self_influence[:-1]
    return by_epoch[int(np.argmax([separability(values) for values in by_epoch]))]
