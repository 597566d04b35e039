"""Exact TracIn of the last layer, from the trace alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from influence.profile import Profile
from influence.record import TrainingRecord
from influence.trace import Trace

TILE_ROWS = 512


class Exact:
    """I_t(i → j) = η_t ⟨Δ_i, Δ_j⟩ (⟨h_i, h_j⟩ + 1), tile by tile."""

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        return exact_profile(record.trace)


EXACT = Exact()


def exact_profile(
    trace: Trace,
    labels: NDArray[np.int64] | None = None,
    epochs: Sequence[int] | None = None,
) -> Profile:
    """The influence profile of a trace.

    Args:
        trace: T epochs of n training and m validation samples.
        labels: training labels to assume, (n,) int64; default the given ones. The model stays as
            it was trained.
        epochs: which ones, counted from 1; default all.

    Returns:
        The profile whose rows are the asked epochs, in the order asked, and their sum.
    """
    chosen = [t - 1 for t in _checked_epochs(trace, epochs)]
    n, classes = len(trace.train), trace.n_classes
    bias = float(trace.bias)
    train = trace.train.residuals(labels)
    validation = trace.validation.residuals()
    members = np.eye(classes)[trace.validation.labels]

    self_influence = np.zeros((len(chosen) + 1, n))
    positive = np.zeros((len(chosen) + 1, n, classes))
    negative = np.zeros_like(positive)
    for start in range(0, n, TILE_ROWS):
        rows = slice(start, start + TILE_ROWS)
        total = np.zeros((len(train[0, rows]), len(trace.validation)))
        for k, t in enumerate(chosen):
            rate = trace.learning_rates[t]
            h, h_validation = trace.train.inputs[t][rows], trace.validation.inputs[t]
            influence = (train[t, rows] @ validation[t].T) * (h @ h_validation.T + bias) * rate
            total += influence
            positive[k, rows] = np.maximum(influence, 0) @ members
            negative[k, rows] = np.minimum(influence, 0) @ members
            own = np.square(train[t, rows].astype(np.float64)).sum(axis=1)
            self_influence[k, rows] = (
                rate * own * (np.square(h.astype(np.float64)).sum(axis=1) + bias)
            )
        positive[-1, rows] = np.maximum(total, 0) @ members
        negative[-1, rows] = np.minimum(total, 0) @ members
    self_influence[-1] = self_influence[:-1].sum(axis=0)
    counts = np.bincount(trace.validation.labels, minlength=classes).astype(np.int64)
    return Profile(self_influence, positive, negative, counts)


def _checked_epochs(trace: Trace, epochs: Sequence[int] | None) -> Sequence[int]:
    if epochs is None:
        return range(1, trace.epochs + 1)
    for epoch in epochs:
        if not 1 <= epoch <= trace.epochs:
            raise UserError(f"epochs must lie in 1..{trace.epochs}, however: {epoch}")
    return epochs
