"""Exact TracIn of the last layer, from the trace alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from influence.engine.profiles import profile_between
from influence.engine.sides import chosen_epochs, side_of, sorted_columns
from influence.profile import Profile
from influence.record import TrainingRecord
from influence.trace import Trace


class Exact:
    """I_t(i → j) = η_t ⟨Δ_i, Δ_j⟩ (⟨h_i, h_j⟩ + 1), in closed form."""

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        return exact_profile(record.trace, device=record.device)


EXACT = Exact()


def exact_profile(
    trace: Trace,
    labels: NDArray[np.int64] | None = None,
    epochs: Sequence[int] | None = None,
    device: str = "cpu",
) -> Profile:
    """The influence profile of a trace.

    Args:
        trace: T epochs of n training and m validation samples.
        labels: training labels to assume, (n,) int64; default the given ones. The model stays as
            it was trained.
        epochs: which ones, counted from 1; default all.
        device: where the tiles are computed, a torch device string.

    Returns:
        The profile whose rows are these epochs, in the order asked, and their sum; float64. The
        error bound is stated in :mod:`influence.engine.tiles`.

    Raises:
        UserError: an epoch that the trace does not have, labels that do not fit it, or last-layer
            inputs that are not finite or so large that an influence is not.
    """
    positions = chosen_epochs(trace, epochs)
    rows = side_of(trace.train, positions, device, labels)
    validation = side_of(trace.validation, positions, device)
    columns = sorted_columns(validation, trace.validation.labels, trace.n_classes, own=False)
    return profile_between(rows, columns, trace, positions)
