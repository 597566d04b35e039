"""Sums of the positive and of the negative influence, tile by tile: the n × m matrix never exists.

A tile holds the influence of some rows on some columns, (Δ_i·Δ_j)(h_i·h_j + 1): the element-wise
product of two matrix products. For a class with more samples than there are classes, the sum of
all its influence is known without any tile (:mod:`influence.engine.class_sums`). The tiles then
only give the smaller of its two parts, and the larger one is the known sum minus the smaller part.
So each tile is read once, and neither part suffers from cancellation. Smaller classes share tiles,
which are read once for each part.

Error bound. Let u be the unit roundoff of the inputs (6e-8 for float32), γ_k = k u / (1 - k u), and
Ī the sum of (|Δ_i|·|Δ_j|)(|h_i|·|h_j| + 1) over the columns of a class. For the same inputs and
residuals, both parts of one epoch differ from exact arithmetic by at most γ_{d + C + WIDTH + 4} Ī,
and the cumulative parts by at most γ_{d + C + WIDTH + T + 4} times the sum of Ī over the epochs.
Tiles are summed in double precision, so the bound does not grow with n or m. Magnitudes below 1e-38
count as zero. The bound assumes PyTorch's default precision of float32 products, which
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

# Numbers in a tile. On the CPU a few tiles fit the cache of a core, and yet their products are
# large enough to be fast. A GPU needs as much parallelism as it can get.
CPU_AREA = 2**18
GPU_AREA = 2**26
# Most columns of a tile: with more, the single-precision sum over a row would lose digits; with
# fewer, the products would be slow.
WIDTH = 512
LEAST_WIDTH = 64
LEAST_ROWS = 64


@dataclass(frozen=True)
class Chunk:
    """The columns of a tile.

    Attributes:
        columns: their positions.
        classes: the classes that they belong to: several whole ones, or (a part of) one.
        large: whether they belong to one class whose sum is known without tiles.
    """

    columns: slice
    classes: slice
    large: bool

    @property
    def width(self) -> int:
        return int(self.columns.stop - self.columns.start)


def signed_sums(
    rows: Side, columns: Columns, rates: Tensor, bias: bool, threads: int = 1
) -> tuple[Tensor, Tensor]:
    """Sums of the positive and of the negative influence over the columns of each class.

    Args:
        rows: n samples.
        columns: m samples.
        rates: η_t, (T,) float64.
        bias: whether the last layer has one.
        threads: number of tiles that are computed at once on the CPU.

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
    for_each(run, row_blocks(n, tiles.chunks, CPU_AREA if on_cpu else GPU_AREA, workers), workers)
    return positive, negative


def chunks_of(columns: Columns) -> list[Chunk]:
    """All columns in chunks: large classes in equal parts, runs of small ones together."""
    chunks: list[Chunk] = []
    for c, (low, high) in enumerate(pairwise(columns.edges)):
        large = high - low > columns.classes
        last = chunks[-1] if chunks else None
        if last and not (large or last.large) and last.width + high - low <= LEAST_WIDTH:
            merged = slice(last.columns.start, high), slice(last.classes.start, c + 1)
            chunks[-1] = Chunk(*merged, large=False)
        else:
            parts = _equal_slices(low, high, -(-(high - low) // WIDTH))
            chunks += [Chunk(part, slice(c, c + 1), large) for part in parts]
    return chunks


def row_blocks(n: int, chunks: list[Chunk], area: int, workers: int) -> list[slice]:
    """Equal blocks of rows, a multiple of the workers, so that tiles have about the given area."""
    rows = max(LEAST_ROWS, area // max((chunk.width for chunk in chunks), default=1))
    return _equal_slices(0, n, -(-n // (rows * workers)) * workers)


def _equal_slices(low: int, high: int, count: int) -> list[slice]:
    """The range in ``count`` slices whose lengths differ by at most one, empty ones left out."""
    edges = [low + (high - low) * k // max(1, count) for k in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges) if start < stop]


class _Tiles:
    """The columns of all tiles; see :func:`signed_sums`."""

    def __init__(self, columns: Columns, rates: Tensor, bias: bool) -> None:
        self._columns = columns
        self._rates = rates
        self._bias = bias
        self.chunks = chunks_of(columns)
        large = sorted({chunk.classes.start for chunk in self.chunks if chunk.large})
        # the influence of a sample on itself may exceed the rest by more than float32 resolves
        dtype = columns.side.residuals.dtype if columns.own is None else torch.float64
        self._large = compress(columns, large, bias, dtype)
        self._product = product_for(columns.side.residuals)

    def parts(self, rows: Side, own: Tensor | None) -> Tensor:
        """Positive and negative part for one block of rows, (2, C, T + 1, n).

        Args:
            rows: the block.
            own: where the rows are columns too, the column of each row.
        """
        rates = self._rates.to(rows.residuals.device).view(-1, 1)
        by_epoch = self._large_class_sums(rows, own)
        known = torch.cat([by_epoch, (by_epoch * rates).sum(dim=1, keepdim=True)], dim=1)
        smaller = torch.zeros_like(known)
        both = known.new_zeros(2, self._columns.classes, *known.shape[1:])

        for chunk in self.chunks:
            tiles = self._tiles(rows, chunk, own)
            if chunk.large:
                place = self._large.classes.index(chunk.classes.start)
                smaller[place] += _smaller_part(tiles, known[place])
            else:
                both[:, chunk.classes] += _both_parts(tiles, self._members(chunk))

        if self._large.classes:
            larger = known.abs() + smaller
            positive = torch.where(known > 0, larger, smaller)
            negative = torch.where(known > 0, smaller, larger)
            both[:, self._large.classes] = torch.stack([positive, -negative])
        both[:, :, :-1] *= rates  # the sum over the epochs has its rates already
        return both

    def _large_class_sums(self, rows: Side, own: Tensor | None) -> Tensor:
        """Influence on each large class at each epoch, without rates and without the influence of
        the samples on themselves, (number of large classes, T, n)."""
        sums = class_sums(rows, self._large)
        if own is not None:
            on_itself = self_sums(rows, self._bias)
            for place, c in enumerate(self._large.classes):
                low, high = self._columns.edges[c : c + 2]
                sums[place] -= on_itself * ((own >= low) & (own < high))
        return sums

    def _tiles(self, rows: Side, chunk: Chunk, own: Tensor | None) -> Iterator[Tensor]:
        """The tile of each epoch without its rate, then their sum with rates.

        The caller may overwrite each tile.
        """
        columns = self._columns.side.take(chunk.columns)
        total = rows.residuals.new_zeros(rows.residuals.shape[1], chunk.width)
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
        edges = self._columns.edges[chunk.classes.start : chunk.classes.stop + 1]
        start, stop = chunk.columns.start, chunk.columns.stop
        sizes = [min(high, stop) - max(low, start) for low, high in pairwise(edges)]
        like = self._columns.side.residuals
        unit = torch.eye(len(sizes), dtype=like.dtype, device=like.device)
        return unit.repeat_interleave(torch.tensor(sizes, device=like.device), dim=0)


def _smaller_part(tiles: Iterator[Tensor], known: Tensor) -> Tensor:
    """Magnitude of the sum over the columns of the part whose sign the known sum does not have.

    Args:
        tiles: T + 1 tiles, (n, width).
        known: the sum of both parts over the whole class, (T + 1, n).
    """
    sums: list[Tensor] = []
    for tile, whole in zip(tiles, known, strict=True):
        sign = torch.where(whole > 0, -1.0, 1.0).to(tile.dtype)
        sums.append(tile.mul_(sign.unsqueeze(-1)).relu_() @ tile.new_ones(tile.shape[1]))
    return torch.stack(sums).double()


def _both_parts(tiles: Iterator[Tensor], members: Tensor) -> Tensor:
    """Sums of the positive and the negative part over each class, (2, classes, T + 1, n)."""
    parts = [
        torch.stack([tile.clamp(min=0) @ members, tile.clamp_(max=0) @ members]) for tile in tiles
    ]
    return torch.stack(parts).permute(1, 3, 0, 2).double()


def _itself(own: Tensor, columns: slice) -> tuple[Tensor, Tensor]:
    """Row and column in a tile of the samples that are on both sides of it."""
    rows = ((own >= columns.start) & (own < columns.stop)).nonzero().squeeze(1)
    return rows, own[rows] - columns.start
