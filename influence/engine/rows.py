"""The influence of a few training samples on every other sample, one by one."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from influence.engine.sides import Side, side_of
from influence.trace import Trace

COLUMNS = 1 << 12  # of a chunk, which bounds the memory that the products take


def influence_rows(
    trace: Trace, rows: NDArray[np.int64], device: str = "cpu"
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """I(i → j) cumulated over the training for the samples i of ``rows``.

    Influence at the last layer is symmetric: I(i → j) also says whether training on sample j
    lowers (positive) or raises (negative) the loss of sample i under its label.

    Args:
        trace: T epochs of n training and m validation samples.
        rows: (r,) positions of training samples.
        device: torch device string.

    Returns:
        The influence on the validation samples, (r, m), and on all training samples, each on
        itself included, (r, n).
    """
    everything = range(trace.epochs)
    train = side_of(trace.train, everything, device)
    asked = train.take(torch.from_numpy(np.asarray(rows, np.int64)).to(device))
    validation = side_of(trace.validation, everything, device)
    rates = trace.learning_rates.tolist()
    return _on(asked, validation, rates, trace.bias), _on(asked, train, rates, trace.bias)


def _on(asked: Side, side: Side, rates: list[float], bias: bool) -> NDArray[np.float32]:
    count = side.residuals.shape[1]
    chunks = [
        _chunk(asked, side.take(slice(start, start + COLUMNS)), rates, bias)
        for start in range(0, count, COLUMNS)
    ]
    return torch.cat(chunks, dim=1).cpu().numpy()


def _chunk(asked: Side, side: Side, rates: list[float], bias: bool) -> Tensor:
    out = asked.residuals.new_zeros(asked.residuals.shape[1], side.residuals.shape[1])
    for t, rate in enumerate(rates):
        residuals = asked.residuals[t] @ side.residuals[t].T
        out += rate * residuals * (asked.inputs[t] @ side.inputs[t].T + float(bias))
    return out
