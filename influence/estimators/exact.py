"""Exact TracIn of the last layer, from the trace alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from influence.engine.class_sums import self_sums
from influence.engine.profiles import profile_of
from influence.engine.sides import side_of
from influence.profile import Floats, Profile
from influence.record import TrainingRecord
from influence.trace import Trace


class Exact:
    """I_t(i → j) = η_t ⟨Δ_i, Δ_j⟩ (⟨h_i, h_j⟩ + 1), in closed form."""

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        return exact_profile(record.trace, device=record.device)

    def matrix(self, record: TrainingRecord) -> tuple[Floats, Floats]:
        """Cumulative I(i → j), (n, m), and I(i → i), (n,), in double precision."""
        trace = record.trace
        everything = range(trace.epochs)
        train = side_of(trace.train, everything, record.device)
        validation = side_of(trace.validation, everything, record.device)
        rates = torch.from_numpy(trace.learning_rates.astype(np.float64))
        matrix = torch.zeros(len(trace.train), len(trace.validation), dtype=torch.float64)
        for t, rate in enumerate(rates.tolist()):
            residuals = train.residuals[t].double() @ validation.residuals[t].double().T
            inputs = train.inputs[t].double() @ validation.inputs[t].double().T
            matrix += (rate * residuals * (inputs + float(trace.bias))).cpu()
        own = rates.unsqueeze(1) * self_sums(train, trace.bias).cpu()
        return matrix.numpy(), own.sum(dim=0).numpy()


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
        epochs: epoch numbers from 1; default all.
        device: torch device string; tiles are computed there.

    Returns:
        A float64 profile whose rows are these epochs, in this order, and their sum. The error
        bound is stated in :mod:`influence.engine.tiles`.

    Raises:
        UserError: an epoch is not in the trace, the labels do not fit it, or last-layer inputs
            are not finite, or so large that an influence is not finite.
    """
    return profile_of(trace, labels, epochs, device, on_training=False)
