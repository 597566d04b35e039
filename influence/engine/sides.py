"""The influencing and the influenced samples, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.errors import UserError
from influence.trace import Samples, Trace


@dataclass(frozen=True)
class Side:
    """Samples as the last layer saw them at T epochs.

    Attributes:
        inputs: per epoch (n, d); if they never change, every entry is the same tensor.
        residuals: (T, n, C).
    """

    inputs: Sequence[Tensor]
    residuals: Tensor

    @property
    def constant(self) -> bool:
        """Whether the inputs are the same at every epoch."""
        return all(h is self.inputs[0] for h in self.inputs)

    def take(self, rows: slice | Tensor) -> Side:
        """Some of the samples: a view for a slice, a copy for indices."""
        taken = {id(h): h[rows] for h in self.inputs}
        return Side([taken[id(h)] for h in self.inputs], self.residuals[:, rows].contiguous())


@dataclass(frozen=True)
class Columns:
    """The influenced samples, sorted by class.

    Attributes:
        side: m samples, sorted by class.
        edges: class c has the columns ``edges[c]`` to ``edges[c + 1] - 1``; C + 1 numbers.
        own: if the rows are these same samples, the column of each row, (n,) int64; the influence
            of a sample on itself is then left out of all sums. Otherwise ``None``.
    """

    side: Side
    edges: tuple[int, ...]
    own: Tensor | None = None

    @property
    def classes(self) -> int:
        return len(self.edges) - 1


def chosen_epochs(trace: Trace, epochs: Sequence[int] | None) -> list[int]:
    """Positions (from 0) of epochs counted from 1; ``None`` means all epochs."""
    if epochs is None:
        return list(range(trace.epochs))
    if len(epochs) == 0:
        raise UserError("epochs must name at least one epoch, got none")
    for epoch in epochs:
        if not 1 <= epoch <= trace.epochs:
            raise UserError(f"epochs must lie in 1..{trace.epochs}, got {epoch}")
    return [int(epoch) - 1 for epoch in epochs]


def side_of(
    samples: Samples,
    positions: Sequence[int],
    device: str,
    labels: NDArray[np.int64] | None = None,
) -> Side:
    """One set of samples of a trace, its residuals under ``labels`` (default: the given ones)."""
    residuals = samples.residuals(labels)
    dtype = _dtype(samples)
    used = {id(samples.inputs[t]): samples.inputs[t] for t in positions}
    tensors = {key: _tensor(array, dtype, device) for key, array in used.items()}
    return Side(
        [tensors[id(samples.inputs[t])] for t in positions],
        _tensor(residuals[positions], dtype, device),
    )


def sorted_columns(side: Side, labels: NDArray[np.int64], classes: int, own: bool) -> Columns:
    """The samples of ``side``, sorted by label; ``own`` if they are the rows too."""
    order = torch.from_numpy(np.argsort(labels, kind="stable"))
    edges = np.concatenate([[0], np.bincount(labels, minlength=classes).cumsum()])
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    device = side.residuals.device
    return Columns(
        side.take(order.to(device)),
        tuple(int(edge) for edge in edges),
        place.to(device) if own else None,
    )


def _dtype(samples: Samples) -> torch.dtype:
    exact = [samples.logits.dtype, *(h.dtype for h in samples.inputs)]
    return torch.float64 if np.dtype(np.float64) in exact else torch.float32


def _tensor(array: NDArray[np.floating], dtype: torch.dtype, device: str) -> Tensor:
    # unlike from_numpy, from_dlpack takes read-only arrays, such as those from other processes
    return torch.utils.dlpack.from_dlpack(np.ascontiguousarray(array)).to(device, dtype)
