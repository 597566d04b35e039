"""Sign-split sums of the influence, tile by tile: the n × m matrix never exists.

A tile holds the influence of some rows on some columns, (Δ_i·Δ_j)(h_i·h_j + 1), and is the
element-wise product of two matrix products. Where a class has more samples than there are classes,
its whole sum is known without a tile (:mod:`influence.engine.class_sums`). Then only the smaller of
its two parts is taken from the tiles, and the larger one is the whole sum minus the smaller: a tile
is read once for both parts, and neither suffers from cancellation. Smaller classes share a tile,
and it is read for each part.

Error. With u the unit roundoff of the inputs (6e-8 for float32) and γ_k = k u / (1 - k u), both
parts of one epoch lie within γ_{d + C + WIDTH + 4} Ī of what exact arithmetic makes of the same
inputs and residuals, where Ī is the sum of (|Δ_i|·|Δ_j|)(|h_i|·|h_j| + 1) over the columns of the
class; the cumulative ones within γ_{d + C + WIDTH + T + 4} of the sum of Ī over the epochs. Tiles
are summed in double precision, so that the bound does not grow with n or m. Magnitudes below 1e-38
count as zero. It holds at torch's own precision of float32 products, which
``torch.set_float32_matmul_precision`` can lower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
# Columns of a tile: with more, the single-precision sum over a row would lose digits; with fewer,
# the products would be slow.
WIDTH = 512
LEAST_WIDTH = 64
LEAST_ROWS = 64


@dataclass(frozen=True)
class Chunk:
    """The columns of a tile.

    Attributes:
        columns: where they are.
        classes: whose they are, whole classes or a part of one.
        wide: whether the sum over their one class is known.
    """

    columns: slice
    classes: range
    wide: bool


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
        positive[:, block], negative[:, block] = (part.permute(1, 2, 0).cpu() for part in parts)

    on_cpu = rows.residuals.device.type == "cpu"
    workers = threads if on_cpu else 1
    blocks = _row_blocks(n, tiles.chunks, CPU_AREA if on_cpu else GPU_AREA, workers)
    for_each(run, blocks, workers)
    return positive, negative


def chunks_of(columns: Columns) -> list[Chunk]:
    """All columns in chunks: large classes in equal parts, runs of small ones together."""
    chunks: list[Chunk] = []
    for c, (low, high) in enumerate(pairwise(columns.edges)):
        size = high - low
        wide = size > columns.classes
        last = chunks[-1] if chunks else None
        if last and not wide and not last.wide and _width(last) + size <= LEAST_WIDTH:
            chunks[-1] = Chunk(slice(last.columns.start, high), range(last.classes[0], c + 1), wide)
            continue
        count = -(-size // WIDTH)
        edges = [low + size * k // count for k in range(count + 1)] if count else []
        chunks += [Chunk(slice(a, b), range(c, c + 1), wide) for a, b in pairwise(edges)]
    return chunks


def _width(chunk: Chunk) -> int:
    width: int = chunk.columns.stop - chunk.columns.start
    return width


def _row_blocks(n: int, chunks: list[Chunk], area: int, workers: int) -> list[slice]:
    """Equal blocks of rows, a multiple of the workers, so that tiles have about the area."""
    rows = max(LEAST_ROWS, area // max((_width(chunk) for chunk in chunks), default=1))
    count = -(-n // (rows * workers)) * workers
    edges = [n * k // max(1, count) for k in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges) if low < high]


class _Tiles:
    """The columns of all tiles; see :func:`signed_sums`."""

    def __init__(self, columns: Columns, rates: Tensor, bias: bool) -> None:
        self._columns = columns
        self._rates = rates
        self._bias = bias
        self.chunks = chunks_of(columns)
        wide = sorted({chunk.classes[0] for chunk in self.chunks if chunk.wide})
        # a sample's influence on itself may exceed the rest by more than single precision holds
        dtype = columns.side.residuals.dtype if columns.own is None else torch.float64
        self._compressed = compress(columns, wide, bias, dtype)
        self._product = product_for(columns.side.residuals)

    def parts(self, rows: Side, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both parts for one block of rows, (C, T + 1, n); ``own`` are their columns, if any."""
        scale = torch.cat([self._rates, self._rates.new_ones(1)]).view(-1, 1)
        scale = scale.to(rows.residuals.device)
        sums = class_sums(rows, self._compressed)
        if own is not None:
            self._leave_out(own, sums, self_sums(rows, self._bias))
        sums = torch.cat([sums, (sums * scale[:-1]).sum(dim=1, keepdim=True)], dim=1)
        flip = torch.where(sums > 0, -1.0, 1.0).to(rows.residuals.dtype)

        positive = sums.new_zeros(self._columns.classes, *sums.shape[1:])
        negative = torch.zeros_like(positive)
        smaller = torch.zeros_like(sums)
        place = {c: k for k, c in enumerate(self._compressed.classes)}
        for chunk in self.chunks:
            tiles = self._tiles(rows, chunk, own)
            if chunk.wide:
                k = place[chunk.classes[0]]
                ones = flip.new_ones(_width(chunk))
                smaller[k] += _positive_sums(tiles, flip[k].unsqueeze(-1), ones)
            else:
                both = _both_sums(tiles, self._members(chunk))
                positive[chunk.classes[0] : chunk.classes[-1] + 1] += both[0]
                negative[chunk.classes[0] : chunk.classes[-1] + 1] += both[1]
        if place:
            larger = sums.abs() + smaller
            positive[list(place)] = torch.where(sums > 0, larger, smaller)
            negative[list(place)] = -torch.where(sums > 0, smaller, larger)
        return positive.mul_(scale), negative.mul_(scale)

    def _tiles(self, rows: Side, chunk: Chunk, own: Tensor | None) -> Iterator[Tensor]:
        """The tile of each epoch, learning rate apart, and that of their sum, to be overwritten."""
        columns = self._columns.side.take(chunk.columns)
        total = rows.residuals.new_zeros(rows.residuals.shape[1], _width(chunk))
        one = total.new_ones(total.shape[1]) if self._bias else None
        itself = None if own is None else _itself(own, chunk.columns)
        kernel = None
        if rows.constant and columns.constant:
            kernel = self._product(rows.inputs[0], columns.inputs[0], one)
        for t, rate in enumerate(self._rates.tolist()):
            tile = self._product(rows.residuals[t], columns.residuals[t], times=kernel)
            if kernel is None:
                tile = self._product(rows.inputs[t], columns.inputs[t], one, tile)
            if itself is not None:
                tile[itself] = 0.0
            total.add_(tile, alpha=rate)
            yield tile
        yield total

    def _members(self, chunk: Chunk) -> Tensor:
        """One-hot class of each column among those of the chunk, (width, classes)."""
        edges = self._columns.edges[chunk.classes[0] : chunk.classes[-1] + 2]
        start, stop = chunk.columns.start, chunk.columns.stop
        sizes = [min(high, stop) - max(low, start) for low, high in pairwise(edges)]
        like = self._columns.side.residuals
        unit = torch.eye(len(sizes), dtype=like.dtype, device=like.device)
        return unit.repeat_interleave(torch.tensor(sizes, device=like.device), dim=0)

    def _leave_out(self, own: Tensor, sums: Tensor, on_itself: Tensor) -> None:
        """Take the influence of the samples on themselves out of the sums of their classes."""
        for k, c in enumerate(self._compressed.classes):
            inside = (own >= self._columns.edges[c]) & (own < self._columns.edges[c + 1])
            sums[k] -= on_itself * inside


def _positive_sums(tiles: Iterator[Tensor], flip: Tensor, ones: Tensor) -> Tensor:
    """Sums over the columns of the part that ``flip``, (T + 1, n, 1), makes positive."""
    sums = flip.new_empty(flip.shape[:2])
    for t, tile in enumerate(tiles):
        torch.mv(tile.mul_(flip[t]).relu_(), ones, out=sums[t])
    return sums.double()


def _both_sums(tiles: Iterator[Tensor], members: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of both parts over the columns of each class, (classes, T + 1, n)."""
    positive, negative = [], []
    for tile in tiles:
        positive.append(tile.clamp(min=0) @ members)
        negative.append(tile.clamp_(max=0) @ members)
    both = (torch.stack(part).permute(2, 0, 1).double() for part in (positive, negative))
    return next(both), next(both)


def _itself(own: Tensor, columns: slice) -> tuple[Tensor, Tensor]:
    """Row and column in a tile of the samples that are on both sides of it."""
    rows = ((own >= columns.start) & (own < columns.stop)).nonzero().squeeze(1)
    return rows, own[rows] - columns.start
