"""Profiles from the two sides of the influence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from common.errors import UserError
from influence.engine.class_sums import self_sums
from influence.engine.sides import Columns, Side
from influence.engine.tiles import signed_sums
from influence.profile import Profile
from influence.trace import Trace


def profile_between(
    rows: Side, columns: Columns, trace: Trace, positions: Sequence[int]
) -> Profile:
    """The profile of the rows' influence on the columns.

    Args:
        rows, columns: the chosen epochs of two sets of samples of the trace.
        trace: for learning rates and bias.
        positions: the chosen epochs, from 0.

    Raises:
        UserError: an influence is not finite.
    """
    rates = torch.from_numpy(trace.learning_rates[list(positions)].astype(np.float64))
    own = self_sums(rows, trace.bias).cpu() * rates.unsqueeze(1)
    _check_finite(own, "self-influence", positions)
    positive, negative = signed_sums(rows, columns, rates, trace.bias)
    _check_finite((positive - negative).sum(dim=2), "influence", positions)
    return Profile(
        torch.cat([own, own.sum(dim=0, keepdim=True)]).numpy(),
        positive.numpy(),
        negative.numpy(),
        np.diff(columns.edges).astype(np.int64),
    )


def _check_finite(values: Tensor, what: str, positions: Sequence[int]) -> None:
    for position, finite in zip(positions, values.isfinite().all(dim=1).tolist(), strict=False):
        if not finite:
            raise UserError(
                f"trace: {what} is not finite at epoch {position + 1}: inputs of the last layer "
                "are NaN, infinite or too large"
            )
