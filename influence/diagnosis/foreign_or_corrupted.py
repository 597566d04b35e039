"""Foreign or corrupted: two kinds of samples that validation lacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from influence.diagnosis.base import EVEN
from influence.diagnosis.inputs import Labels, Pair, narrow
from influence.diagnosis.two_sample import told_apart

SIGNIFICANCE = 1e-6
OVER = 2.0
FEW = 10
INVERSE_PENALTY = 1e-2


def foreign_share(
    stages: tuple[Pair, ...],
    labels: Labels,
    unlike: NDArray[np.float64],
    n_classes: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The probability that a sample, if validation lacks its kind, is of a foreign cluster, (n,).

    A foreign cluster came with one label; corruption strikes every label in its share. Where a
    label is much too common among the samples that validation lacks, those of them that look
    unlike the ones with other labels are foreign.

    Args:
        stages: of the backbone.
        labels: given ones, (n,).
        unlike: the probability that validation lacks the kind of a sample, (n,).
        n_classes: C.
        rng: of folds.
    """
    out = np.zeros(len(labels))
    found = unlike > EVEN
    counts = np.bincount(labels[found], minlength=n_classes)
    natural = np.bincount(labels[~found], minlength=n_classes) / max(1, (~found).sum())
    features = narrow(stages).train
    for label in range(n_classes):
        rest = counts.sum() - counts[label]
        # as many as the other labels let one expect, were all of it corruption
        share = natural[label]
        expected = rest * share / max(1.0 - share, share)
        p_value = binom.sf(counts[label] - 1, counts.sum(), min(share, 1.0))
        if counts[label] <= OVER * expected or p_value * n_classes >= SIGNIFICANCE:
            continue
        own = found & (labels == label)
        others = found & (labels != label)
        foreign = max(0.0, 1.0 - expected / counts[label])
        if others.sum() < FEW:
            out[labels == label] = foreign
            continue
        odds, _ = told_apart(Pair(features[own], features[others]), INVERSE_PENALTY, rng)
        corrupted = round((1.0 - foreign) * own.sum())
        ranked = np.argsort(odds, kind="stable")
        values = np.ones(len(odds))
        values[ranked[:corrupted]] = 0.0
        out[own] = values
    return out
