"""How columns and rows are cut into tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from influence.engine.sides import Columns, Side
from influence.engine.tiles import LEAST_WIDTH, WIDTH, chunks_of, row_blocks


def columns(sizes: list[int]) -> Columns:
    edges = tuple(int(edge) for edge in np.cumsum([0, *sizes]))
    return Columns(Side([torch.zeros(edges[-1], 1)], torch.zeros(1, edges[-1], len(sizes))), edges)


@pytest.mark.parametrize(
    "sizes",
    [[120] * 10, [2] * 1000, [0, 5, 0], [600, 1, 1, 700, 3], [0, 0], [513] + [3] * 600, [1000]],
)
def test_every_column_is_in_one_tile_with_its_class(sizes: list[int]) -> None:
    given = columns(sizes)
    chunks = chunks_of(given)
    covered = [j for chunk in chunks for j in range(chunk.columns.start, chunk.columns.stop)]
    assert covered == list(range(sum(sizes)))
    label = np.repeat(np.arange(len(sizes)), sizes)
    for chunk in chunks:
        assert set(label[chunk.columns]) <= set(range(chunk.classes.start, chunk.classes.stop))
        assert chunk.columns.stop - chunk.columns.start <= WIDTH
        assert not chunk.large or chunk.classes.stop - chunk.classes.start == 1


def test_small_classes_share_tiles_and_large_ones_are_cut_evenly() -> None:
    shared = chunks_of(columns([2] * 1000))
    assert len(shared) == 2000 // LEAST_WIDTH + (2000 % LEAST_WIDTH > 0)
    widths = [chunk.columns.stop - chunk.columns.start for chunk in chunks_of(columns([1300, 0]))]
    assert widths == [433, 433, 434]


@pytest.mark.parametrize(("n", "workers"), [(0, 2), (1, 4), (4800, 1), (4801, 2), (100_000, 16)])
def test_blocks_of_rows_are_equal_and_enough_for_all_workers(n: int, workers: int) -> None:
    blocks = row_blocks(n, chunks_of(columns([120] * 10)), 2**18, workers)
    assert [i for block in blocks for i in range(n)[block]] == list(range(n))
    sizes = [block.stop - block.start for block in blocks]
    assert not sizes or max(sizes) - min(sizes) <= 1
    assert n < 64 * workers or len(blocks) % workers == 0
