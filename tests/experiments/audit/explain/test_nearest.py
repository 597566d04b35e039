"""The nearest other sample of every sample."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.audit.explain.nearest import TILE, nearest_others


@pytest.mark.parametrize("n", [2, TILE, TILE + 1, 2 * TILE + 300])
def test_it_is_that_of_a_naive_loop(n: int) -> None:
    x = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
    told: list[tuple[int, int]] = []
    rows, distances = nearest_others(x, lambda *done: told.append(done))
    for row in range(0, n, 37):
        away = np.linalg.norm(x.astype(np.float64) - x[row], axis=1)
        away[row] = np.inf
        assert rows[row] == away.argmin()
        assert distances[row] == pytest.approx(away.min())
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_small_distances_keep_their_digits() -> None:
    x = np.random.default_rng(0).normal(size=(TILE + 2, 8)).astype(np.float32)
    x[-1] = x[0]
    x[-2] = x[1] + np.float32(1e-5)
    rows, distances = nearest_others(x, lambda done, total: None)
    assert rows[[0, 1, -2, -1]].tolist() == [len(x) - 1, len(x) - 2, 1, 0]
    assert distances[0] == 0.0
    assert distances[1] == pytest.approx(1e-5 * 8**0.5, rel=0.05)
