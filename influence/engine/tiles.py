"""Sign-split sums of the influence, tile by tile: the n × m matrix never exists.

A tile holds the influence of some rows on some columns of one class, (Δ_i·Δ_j)(h_i·h_j + 1), and is
the element-wise product of two matrix products. Of the two parts of a sum only the smaller one is
taken from the tiles; the larger one is the whole sum, which needs no tile
(:mod:`influence.engine.class_sums`), minus the smaller. So a tile is read once for both, and
neither part suffers from cancellation.

Error. With u the unit roundoff of the inputs (6e-8 for float32) and γ_k = k u / (1 - k u), both
parts of one epoch lie within γ_{d + C + WIDTH + 4} Ī of what exact arithmetic makes of the same
inputs and residuals, where Ī is the sum of (|Δ_i|·|Δ_j|)(|h_i|·|h_j| + 1) over the columns of the
class; the cumulative ones within γ_{d + C + WIDTH + T + 4} of the sum of Ī over the epochs. Tiles
are summed in double precision, so that the bound does not grow with n or m. Magnitudes below 1e-38
count as zero. It holds at torch's own precision of float32 products, which
``torch.set_float32_matmul_precision`` can lower.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from influence.engine.class_sums import class_sums, compress, self_sums
from influence.engine.products import product_for
from influence.engine.sides import Columns, Side
from influence.engine.threads import for_each

# A few tiles of this many numbers fit the cache of a core, and yet the products are large enough
# to be fast; a GPU wants all the parallelism that it can get.
CPU_AREA = 2**18
GPU_AREA = 2**26
# Columns of a tile: with more, the single-precision sum over a row would lose digits.
WIDTH = 512
LEAST_ROWS = 64


def signed_sums(
    rows: Side, columns: Columns, rates: Tensor, bias: bool, threads: int = 1
) -> tuple[Tensor, Tensor]:
    """Sums over the columns of each class of the positive and of the negative influence.

    Args:
        rows: n samples.
        columns: m samples.
        rates: η_t, (T,) float64.
        bias: whether the last layer has one.
        threads: how many tiles are computed at once on the CPU.

    Returns:
        Positive and negative part, (T + 1, n, C) float64 on the CPU. Row T is of the influence
        summed over the epochs before its sign is taken.
    """
    epochs, n, _ = rows.residuals.shape
    positive = torch.zeros(epochs + 1, n, columns.classes, dtype=torch.float64)
    negative = torch.zeros_like(positive)
    tiles = _Tiles(columns, rates, bias)

    def run(block: slice) -> None:
        with torch.no_grad():
            own = None if columns.own is None else columns.own[block]
            parts = tiles.parts(rows.take(block), own)
        positive[:, block], negative[:, block] = (part.cpu() for part in parts)

    on_cpu = rows.residuals.device.type == "cpu"
    workers = threads if on_cpu else 1
    for_each(run, _row_blocks(n, columns, CPU_AREA if on_cpu else GPU_AREA, workers), workers)
    return positive, negative


def _row_blocks(n: int, columns: Columns, area: int, workers: int) -> list[slice]:
    """Equal blocks of rows, a multiple of the workers, so that tiles have about the area."""
    widest = max(high - low for low, high in pairwise(columns.edges))
    rows = max(LEAST_ROWS, area // min(WIDTH, max(1, widest)))
    count = -(-n // (rows * workers)) * workers
    edges = [n * k // max(1, count) for k in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges) if low < high]


class _Tiles:
    """The columns of all tiles; see :func:`signed_sums`."""

    def __init__(self, columns: Columns, rates: Tensor, bias: bool) -> None:
        self._columns = columns
        self._rates = rates
        self._bias = bias
        # a sample's influence on itself may exceed the rest by more than single precision holds
        dtype = columns.side.residuals.dtype if columns.own is None else torch.float64
        self._compressed = compress(columns, bias, dtype)
        self._product = product_for(columns.side.residuals)

    def parts(self, rows: Side, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both parts for one block of rows; ``own`` are their columns, if they have any."""
        sums = class_sums(rows, self._compressed)
        if own is not None:
            self._leave_out_own(sums, rows, own)
        scale = torch.cat([self._rates.to(sums.device), sums.new_ones(1)]).view(1, -1, 1)
        # class by class, since that is how the tiles come
        sums = sums.permute(2, 0, 1)
        sums = torch.cat([sums, (sums * scale[:, :-1]).sum(dim=1, keepdim=True)], dim=1)
        flip = torch.where(sums > 0, -1.0, 1.0).to(rows.residuals.dtype)
        smaller = torch.zeros_like(sums)
        for c, (low, high) in enumerate(pairwise(self._columns.edges)):
            count = -(-(high - low) // WIDTH)
            bounds = [low + (high - low) * k // count for k in range(count + 1)] if count else []
            for chunk in pairwise(bounds):
                smaller[c] += self._tile(rows, chunk, flip[c].unsqueeze(-1), own)
        larger = sums.abs() + smaller
        positive = torch.where(sums > 0, larger, smaller).mul_(scale)
        negative = torch.where(sums > 0, smaller, larger).mul_(-scale)
        return positive.permute(1, 2, 0), negative.permute(1, 2, 0)

    def _tile(self, rows: Side, chunk: tuple[int, int], flip: Tensor, own: Tensor | None) -> Tensor:
        """Sums over a chunk of columns of the part that ``flip`` makes positive, (T + 1, n)."""
        columns = self._columns.side.take(slice(*chunk))
        left = rows.residuals * flip[:-1]
        total = left.new_zeros(left.shape[1], columns.residuals.shape[1])
        ones = left.new_ones(total.shape[1])
        parts = left.new_empty(len(flip), len(total))
        itself = None if own is None else _itself(own, chunk)
        one = ones if self._bias else None
        kernel = None
        if rows.constant and columns.constant:
            kernel = self._product(rows.inputs[0], columns.inputs[0], one)
        for t, rate in enumerate(self._rates.tolist()):
            tile = self._product(left[t], columns.residuals[t], times=kernel)
            if kernel is None:
                tile = self._product(rows.inputs[t], columns.inputs[t], one, tile)
            if itself is not None:
                tile[itself] = 0.0
            total.addcmul_(tile, flip[t], value=rate)
            torch.mv(tile.relu_(), ones, out=parts[t])
        torch.mv(total.mul_(flip[-1]).relu_(), ones, out=parts[-1])
        return parts.double()

    def _leave_out_own(self, sums: Tensor, rows: Side, own: Tensor) -> None:
        edges = own.new_tensor(self._columns.edges[1:-1])
        labels = torch.bucketize(own, edges, right=True).expand(len(sums), -1)
        sums.scatter_add_(2, labels.unsqueeze(-1), -self_sums(rows, self._bias).unsqueeze(-1))


def _itself(own: Tensor, chunk: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Row and column in a tile of the samples that are on both sides of it."""
    rows = ((own >= chunk[0]) & (own < chunk[1])).nonzero().squeeze(1)
    return rows, own[rows] - chunk[0]
