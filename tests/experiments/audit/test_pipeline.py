"""The parts of an audit that need no training."""

from __future__ import annotations

import numpy as np

from experiments.audit.pipeline import MAX_REFERENCE, stratified_parts


def test_parts_are_disjoint_and_hold_their_share_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [50, 13, 2])
    found = list(stratified_parts(labels, 5, 0))
    assert sorted(np.concatenate(found)) == list(range(65))
    assert all(9 <= np.bincount(labels[part])[0] <= 11 for part in found)
    assert all(2 <= np.bincount(labels[part])[1] <= 3 for part in found)
    large = list(stratified_parts(np.arange(100_000) % 10, 2, 0))
    assert [len(part) for part in large] == [MAX_REFERENCE] * 2
    assert not set(large[0]) & set(large[1])
