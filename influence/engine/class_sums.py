"""Sums of the influence over each class, without a tile.

Σ_{j∈c} (Δ_i·Δ_j)(h_i·h_j + 1) = Δ_iᵀ (Σ_{j∈c} Δ_j ⊗ [h_j; 1]) [h_i; 1]: the samples of a class
act through one matrix of C rows. They are as good as C samples, row k of that matrix with the
residual e_k. So all classes together are compressed to at most C² columns, and the work is
O(n + m). What cancels within a class cancels in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from influence.engine.products import product_for
from influence.engine.sides import Columns, Side

# numbers in the largest temporary of one step
STEP = 2**18


@dataclass(frozen=True)
class Compressed:
    """Few columns whose influences sum, class by class, to those of all columns.

    Attributes:
        residuals: per epoch (k, C).
        inputs: per epoch (k, d).
        offsets: per epoch (k,), what stands for the constant input of the bias.
        membership: (k, C), one-hot class of each column.
    """

    residuals: list[Tensor]
    inputs: list[Tensor]
    offsets: list[Tensor]
    membership: Tensor


def compress(columns: Columns, bias: bool, dtype: torch.dtype) -> Compressed:
    """Compress the columns of each class to as many as there are classes, or leave them be where
    they are fewer; of type ``dtype``."""
    side = columns.side
    ranges = [slice(columns.edges[c], columns.edges[c + 1]) for c in range(columns.classes)]
    unit = torch.eye(columns.classes, dtype=torch.float64, device=side.residuals.device)
    residuals, inputs, offsets = [], [], []
    for h, delta in zip(side.inputs, side.residuals, strict=True):
        parts = [_compress_class(h[r].double(), delta[r].double(), unit) for r in ranges]
        residuals.append(torch.cat([part[0] for part in parts]).to(dtype))
        inputs.append(torch.cat([part[1] for part in parts]).to(dtype))
        offsets.append(torch.cat([part[2] for part in parts]).to(dtype) * float(bias))
    sizes = [min(r.stop - r.start, columns.classes) for r in ranges]
    membership = unit.repeat_interleave(torch.tensor(sizes, device=unit.device), dim=0)
    return Compressed(residuals, inputs, offsets, membership.to(dtype))


def _compress_class(h: Tensor, delta: Tensor, unit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    if len(h) <= len(unit):
        return delta, h, torch.ones_like(h[:, 0])
    return unit, delta.T @ h, delta.sum(dim=0)


def class_sums(rows: Side, compressed: Compressed) -> Tensor:
    """Influence of each row on each class at each epoch, learning rate apart, (T, n, C) float64."""
    member = compressed.membership
    n, classes = rows.residuals.shape[1], member.shape[1]
    out = member.new_empty((len(rows.inputs), n, classes))
    product = product_for(member)
    step = max(1, STEP // max(1, len(member), rows.inputs[0].shape[1]))
    for start in range(0, n, step):
        part = slice(start, start + step)
        for t, h in enumerate(rows.inputs):
            residuals = rows.residuals[t, part].to(member.dtype)
            inner = product(residuals, compressed.residuals[t])
            influence = product(
                h[part].to(member.dtype), compressed.inputs[t], compressed.offsets[t], inner
            )
            torch.mm(influence, member, out=out[t, part])
    return out.double()


def self_sums(rows: Side, bias: bool) -> Tensor:
    """Influence of each row on itself at each epoch, learning rate apart, (T, n) float64."""
    distinct = {id(h): h for h in rows.inputs}
    norms = {key: _squared_norms(h) + float(bias) for key, h in distinct.items()}
    return _squared_norms(rows.residuals) * torch.stack([norms[id(h)] for h in rows.inputs])


def _squared_norms(vectors: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(vectors, dim=-1, dtype=torch.float64)
    return norms.square()
