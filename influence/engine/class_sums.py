"""Sums of the influence over whole classes, without a tile.

Σ_{j∈c} (Δ_i·Δ_j)(h_i·h_j + 1) = Δ_iᵀ (Σ_{j∈c} Δ_j ⊗ [h_j; 1]) [h_i; 1]. The samples of a class
act through one matrix of C rows, as if they were C samples, of which sample k has the residual e_k.
So the work is O(n + m), and cancellation within a class happens in double precision. This is
cheaper than tiles for classes of more than C samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from influence.engine.products import product_for
from influence.engine.sides import Columns, Side

# numbers in the largest temporary array of one step
STEP = 2**18


@dataclass(frozen=True)
class Compressed:
    """Some classes of the columns, each as C samples with the residuals e_1 .. e_C.

    Attributes:
        classes: the W class numbers, ascending.
        inputs: per epoch (W * C, d).
        offsets: per epoch (W * C,), in place of the constant input of the bias.
        membership: (W * C, W), one-hot position of each sample's class.
    """

    classes: list[int]
    inputs: list[Tensor]
    offsets: list[Tensor]
    membership: Tensor


def compress(columns: Columns, classes: list[int], bias: bool, dtype: torch.dtype) -> Compressed:
    """Compress these classes of the columns to tensors of type ``dtype``."""
    side = columns.side
    residuals = side.residuals.shape[2]
    inputs, offsets = [], []
    for h, delta in zip(side.inputs, side.residuals, strict=True):
        rows, sums = [h.new_empty(0, h.shape[1])], [h.new_empty(0)]
        for c in classes:
            members = slice(columns.edges[c], columns.edges[c + 1])
            of_class = delta[members].double()
            rows.append((of_class.T @ h[members].double()).to(dtype))
            sums.append(of_class.sum(dim=0).to(dtype) * float(bias))
        inputs.append(torch.cat(rows))
        offsets.append(torch.cat(sums))
    unit = torch.eye(len(classes), dtype=dtype, device=side.residuals.device)
    return Compressed(classes, inputs, offsets, unit.repeat_interleave(residuals, dim=0))


def class_sums(rows: Side, compressed: Compressed) -> Tensor:
    """Influence of each row on each compressed class at each epoch, without learning rate.

    Returns:
        (W, T, n) float64.
    """
    member = compressed.membership
    width, classes = member.shape
    n = rows.residuals.shape[1]
    out = member.new_zeros(len(rows.inputs), n, classes)
    product = product_for(member)
    step = max(1, STEP // max(1, width, rows.inputs[0].shape[1]))
    for start in range(0, n if classes else 0, step):
        part = slice(start, start + step)
        for t, h in enumerate(rows.inputs):
            residuals = rows.residuals[t, part].to(member.dtype).repeat(1, classes)
            influence = product(
                h[part].to(member.dtype), compressed.inputs[t], compressed.offsets[t], residuals
            )
            torch.mm(influence, member, out=out[t, part])
    return out.permute(2, 0, 1).double()


def self_sums(rows: Side, bias: bool) -> Tensor:
    """Influence of each row on itself at each epoch, without learning rate, (T, n) float64."""
    distinct = {id(h): h for h in rows.inputs}
    norms = {key: _squared_norms(h) + float(bias) for key, h in distinct.items()}
    return _squared_norms(rows.residuals) * torch.stack([norms[id(h)] for h in rows.inputs])


def _squared_norms(vectors: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(vectors, dim=-1, dtype=torch.float64)
    return norms.square()
