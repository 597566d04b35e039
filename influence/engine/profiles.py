"""Influence profiles of a trace, computed tile by tile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.errors import UserError
from influence.engine.class_sums import self_sums
from influence.engine.sides import chosen_epochs, side_of, sorted_columns
from influence.engine.threads import one_thread_an_operation
from influence.engine.tiles import signed_sums
from influence.profile import Profile
from influence.trace import Trace


def profile_of(
    trace: Trace,
    labels: NDArray[np.int64] | None,
    epochs: Sequence[int] | None,
    device: str,
    *,
    on_training: bool,
) -> Profile:
    """The influence of the training samples on validation samples or on one another.

    Uses as many threads as torch is set to. The same number of threads gives the same bits.

    Args:
        trace: T epochs of n training and m validation samples.
        labels: training labels to assume, (n,) int64, or ``None`` for the given ones.
        epochs: epoch numbers from 1, or ``None`` for all.
        device: torch device string; tiles are computed there.
        on_training: influence on the other training samples instead of the validation samples.

    Raises:
        UserError: labels or epochs that do not fit the trace, or an influence that is not finite.
    """
    positions = chosen_epochs(trace, epochs)
    rates = torch.from_numpy(trace.learning_rates[positions].astype(np.float64))
    with one_thread_an_operation() as threads:
        rows = side_of(trace.train, positions, device, labels)
        if on_training:
            column_labels = trace.train.labels if labels is None else np.asarray(labels)
            side = rows
        else:
            column_labels = trace.validation.labels
            side = side_of(trace.validation, positions, device)
        columns = sorted_columns(side, column_labels, trace.n_classes, own=on_training)
        own = self_sums(rows, trace.bias).cpu() * rates.unsqueeze(1)
        _check_finite(own, "self-influence", positions)
        positive, negative = signed_sums(rows, columns, rates, trace.bias, threads)
        _check_finite((positive - negative).sum(dim=2), "influence", positions)
    return Profile(
        torch.cat([own, own.sum(dim=0, keepdim=True)]).numpy(),
        positive.numpy(),
        negative.numpy(),
        np.diff(columns.edges).astype(np.int64),
    )


def _check_finite(values: Tensor, what: str, positions: Sequence[int]) -> None:
    # one row per epoch; row T, where there is one, cumulates the others
    for position, finite in zip(positions, values.isfinite().all(dim=1).tolist(), strict=False):
        if not finite:
            raise UserError(
                f"trace: {what} is not finite at epoch {position + 1}: inputs of the last layer "
                "are NaN, infinite or too large"
            )
