"""The influence of training samples on one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from influence.engine.profiles import profile_of
from influence.profile import Profile
from influence.trace import Trace


def train_support(
    trace: Trace,
    labels: NDArray[np.int64] | None = None,
    epochs: Sequence[int] | None = None,
    device: str = "cpu",
) -> Profile:
    """The influence of the other training samples of each class on each training sample.

    Last-layer influence is symmetric, so this is a profile with the other training samples in
    place of the validation samples: ``positive[t, i, c]`` sums the positive I_t(j → i) over
    j ≠ i with y_j = c. It takes as long as a profile with n validation samples.

    Args:
        trace: T epochs of n training samples.
        labels: training labels to assume, (n,) int64; default the given ones.
        epochs: epoch numbers from 1; default all.
        device: torch device string; tiles are computed there.

    Returns:
        A profile of these epochs and their sum, float64. Its ``class_counts`` are those of the
        training set.

    Raises:
        UserError: as :func:`influence.estimators.exact.exact_profile`.
    """
    return profile_of(trace, labels, epochs, device, on_training=True)
