from dataclasses import replace

import numpy as np
import pytest

from common.dataset import CHECKED_ROWS, Dataset
from common.errors import UserError


def table(x: np.ndarray, y: list[int]) -> Dataset:
    return Dataset("toy", "tabular", x, np.array(y), ("a", "b"), np.arange(len(x)))


def test_rows_are_taken_together() -> None:
    data = replace(table(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]), known_glitch=np.eye(4)[1] > 0)
    part = data.take(np.array([3, 1]))
    assert part.x.tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert part.y.tolist() == [1, 1]
    assert part.source_index.tolist() == [3, 1]
    assert part.known_glitch is not None
    assert part.known_glitch.tolist() == [False, True]


def test_the_digest_covers_samples_and_labels() -> None:
    data = table(np.zeros((2, 2)), [0, 1])
    assert data.digest == table(np.zeros((2, 2)), [0, 1]).digest
    assert data.digest != table(np.zeros((2, 2)), [1, 0]).digest
    assert data.digest != table(np.eye(2), [0, 1]).digest


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_must_be_finite(bad: float) -> None:
    with pytest.raises(UserError, match=rf"'toy'.*finite.*x\[1, 0\] = {bad}"):
        table(np.array([[0.0, 1.0], [bad, 0.0]]), [0, 1])


def test_labels_must_lie_within_the_classes() -> None:
    with pytest.raises(UserError, match=r"0\.\.1, got 0\.\.2"):
        table(np.zeros((2, 2)), [0, 2])


def test_every_sample_has_a_label() -> None:
    with pytest.raises(UserError, match="2 samples, 1 labels and 2 source positions"):
        table(np.zeros((2, 2)), [0])


def test_the_first_number_that_is_not_finite_is_named_wherever_it_is() -> None:
    x = np.zeros((CHECKED_ROWS + 10, 3), np.float32)
    x[CHECKED_ROWS + 4, 1] = np.nan
    rows = np.arange(len(x))
    with pytest.raises(UserError, match=rf"x\[{CHECKED_ROWS + 4}, 1\] = nan"):
        Dataset("toy", "tabular", x, rows % 2, ("a", "b"), rows)
