"""Exact and near duplicates, and nearest neighbours."""

from __future__ import annotations

import numpy as np

from experiments.audit.explain.duplicates import duplicates
from experiments.audit.explain.features import FeatureSpace


def test_exact_and_near_ones_are_named() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 6)).astype(np.float32)
    x[10] = x[30] = x[3]
    x[20] = x[5] + 0.01
    validation = rng.normal(size=(10, 6)).astype(np.float32)
    validation[4] = x[7] + 0.01
    found = duplicates(x, FeatureSpace(x, validation), {8: 99}, np.arange(100, 110))
    named = {row: text for row, text in enumerate(found) if text}
    assert named == {
        5: "near:train:20",
        7: "near:validation:104",
        8: "exact:validation:99",
        10: "exact:train:3",
        20: "near:train:5",
        30: "exact:train:3",
    }


def test_a_grid_of_equal_steps_has_no_near_duplicates() -> None:
    x = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2)
    found = duplicates(
        x, FeatureSpace(x.astype(np.float32), np.empty((0, 2), np.float32)), {}, np.arange(0)
    )
    assert not found.astype(bool).any()


def test_nearest_leaves_the_sample_itself_out() -> None:
    x = np.array([[0.0], [0.0], [0.0], [1.0], [3.0]], np.float32)
    rows, away = FeatureSpace(x, x[:0]).nearest(np.array([0, 3]), 2)
    assert set(rows[0]) == {1, 2}
    assert set(rows[1]) <= {0, 1, 2}
    assert away.tolist() == [[0, 0], [1, 1]]
