"""Notes on the labels as a whole: imbalance, and dependence on the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from common.dataset import Dataset
from experiments.audit.input.label_notes import imbalance_note, order_note


def table(y: NDArray[np.int64]) -> Dataset:
    names = tuple(f"c{number}" for number in range(int(y.max()) + 1))
    x = np.zeros((len(y), 1), np.float32)
    return Dataset("t", "tabular", x, y, names, np.arange(len(y)), ("a",))


def drifting(n: int, low: float, high: float) -> NDArray[np.int64]:
    """Two classes, the share of the second growing from ``low`` to ``high``."""
    draw = np.random.default_rng(0).random(n)
    return (draw < np.linspace(low, high, n)).astype(np.int64)


@pytest.mark.parametrize(
    ("labels", "explained"),
    [
        (np.repeat([0, 1, 2], [59, 71, 48]), 0.6),
        (np.repeat([0, 1], 30), 0.9),
        (drifting(4_000, 0.2, 0.8), 0.05),
    ],
)
def test_labels_that_depend_on_the_order_of_the_rows(
    labels: NDArray[np.int64], explained: float
) -> None:
    (note,) = order_note(table(labels))
    told = int(note.partition("explains ")[2].partition("%")[0]) / 100
    assert explained <= told <= 1
    shuffled = np.random.default_rng(1).permutation(labels)
    assert not order_note(table(shuffled))


def test_labels_in_random_order_are_not_noted() -> None:
    rng = np.random.default_rng(0)
    for n, classes in ((50, 2), (200, 40), (1_000, 100), (100_000, 3)):
        assert not order_note(table(rng.integers(0, classes, n)))
    rare = (rng.random(5_000) < 0.002).astype(np.int64)
    assert not order_note(table(rare))


def test_a_weak_dependence_is_no_note() -> None:
    assert not order_note(table(drifting(200_000, 0.45, 0.55)))


def test_folders_of_images_are_sorted_by_class() -> None:
    y = np.repeat([0, 1], 50)
    x = np.zeros((100, 2, 2, 1), np.uint8)
    assert not order_note(Dataset("i", "image", x, y, ("a", "b"), np.arange(100)))


def test_rare_classes() -> None:
    assert not imbalance_note(table(np.repeat([0, 1], [90, 10])))
    (note,) = imbalance_note(table(np.repeat([0, 1, 2], [900, 70, 30])))
    assert "1 of 3 ('c2' first)" in note
    assert "the smallest 30" in note
    assert "'c0', 900" in note
