"""Sums of the influence over each class, without a tile.

Σ_{j∈c} (Δ_i·Δ_j)(h_i·h_j + 1) = Δ_iᵀ (Σ_{j∈c} Δ_j ⊗ [h_j; 1]) [h_i; 1]: the samples of a class
act through one matrix of C rows. They are as good as C samples, row k of that matrix with the
residual e_k. So all classes together are compressed to at most C² columns, and the work is
O(n + m).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from influence.engine.sides import Columns, Side

# Numbers in the largest temporary of one step.
STEP = 2**20


@dataclass(frozen=True)
class Compressed:
    """Few columns whose influences sum, class by class, to those of all columns.

    Attributes:
        weights: per epoch (k, C), standing for the residuals.
        inputs: per epoch (k, d), standing for the inputs.
        offsets: per epoch (k,), standing for the constant input of the bias.
        membership: (k, C), one-hot class of each column.

    All are float64.
    """

    weights: list[Tensor]
    inputs: list[Tensor]
    offsets: list[Tensor]
    membership: Tensor


def compress(columns: Columns, bias: bool) -> Compressed:
    """Compress the columns of each class to as many as there are classes, or leave them be where
    they are fewer."""
    side = columns.side
    classes = range(columns.classes)
    ranges = [slice(columns.edges[c], columns.edges[c + 1]) for c in classes]
    unit = torch.eye(columns.classes, dtype=torch.float64, device=side.residuals.device)
    weights, inputs, offsets = [], [], []
    for h, delta in zip(side.inputs, side.residuals, strict=True):
        parts = [_compress_class(h[r].double(), delta[r].double(), unit) for r in ranges]
        weights.append(torch.cat([part[0] for part in parts]))
        inputs.append(torch.cat([part[1] for part in parts]))
        offsets.append(torch.cat([part[2] for part in parts]) * float(bias))
    sizes = [min(r.stop - r.start, columns.classes) for r in ranges]
    membership = unit.repeat_interleave(torch.tensor(sizes, device=unit.device), dim=0)
    return Compressed(weights, inputs, offsets, membership)


def _compress_class(h: Tensor, delta: Tensor, unit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    if len(h) <= len(unit):
        return delta, h, torch.ones_like(h[:, 0])
    return unit, delta.T @ h, delta.sum(dim=0)


def class_sums(rows: Side, compressed: Compressed) -> Tensor:
    """Influence of each row on each class at each epoch, learning rate apart, (T, n, C) float64."""
    n, classes = rows.residuals.shape[1], compressed.membership.shape[1]
    out = rows.residuals.new_empty((len(rows.inputs), n, classes), dtype=torch.float64)
    step = max(1, STEP // max(1, *compressed.membership.shape, rows.inputs[0].shape[1]))
    for start in range(0, n, step):
        part = slice(start, start + step)
        for t, h in enumerate(rows.inputs):
            kernel = torch.addmm(compressed.offsets[t], h[part].double(), compressed.inputs[t].T)
            residual = rows.residuals[t, part].double() @ compressed.weights[t].T
            torch.mm(kernel.mul_(residual), compressed.membership, out=out[t, part])
    return out


def self_sums(rows: Side, bias: bool) -> Tensor:
    """Influence of each row on itself at each epoch, learning rate apart, (T, n) float64."""
    n = rows.residuals.shape[1]
    out = rows.residuals.double().square().sum(dim=2)
    step = max(1, STEP // max(1, rows.inputs[0].shape[1]))
    norms: dict[int, Tensor] = {}
    for t, h in enumerate(rows.inputs):
        if id(h) not in norms:
            blocks = [h[s : s + step].double().square().sum(dim=1) for s in range(0, n, step)]
            norms[id(h)] = torch.cat(blocks) if blocks else out[t]
        out[t] *= norms[id(h)] + float(bias)
    return out
