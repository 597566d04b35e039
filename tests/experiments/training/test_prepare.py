"""From raw samples to the inputs of a model."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError
from experiments.training.context import TrialContext
from experiments.training.prepare import Prepared, prepare
from experiments.trial.resolve import resolve

SPEC = resolve({"dataset": "wine", "model": "softmax_regression", "glitch": "none"}, None)


def prepared(x: NDArray[np.floating], folder: Path) -> Prepared:
    rows = np.arange(len(x))
    data = Dataset("toy", "tabular", x, rows % 2, ("a", "b"), rows, ("first", "second"))
    return prepare(
        SPEC, TrialContext(None, folder), data.take(rows[:30]), data.take(rows[30:]), data
    )


def values() -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=(40, 2))


def test_tables_are_standardised_by_the_training_set(tmp_path: Path) -> None:
    ready = prepared(values().astype(np.float32), tmp_path)
    np.testing.assert_allclose(ready.train.x.mean(dim=0), 0, atol=1e-6)
    np.testing.assert_allclose(ready.train.x.std(dim=0, correction=0), 1, atol=1e-6)
    assert len(ready.validation.x) == 10
    assert ready.stages()[0]["input"].dtype == np.float32


def test_numbers_that_float32_cannot_hold_are_centred_and_scaled_first(tmp_path: Path) -> None:
    expected = prepared(values(), tmp_path)
    for offset, unit in ((1e9, 1.0), (1.7e18, 1e6), (0.0, 1e-30), (0.0, 1e60)):
        found = prepared(offset + unit * values(), tmp_path)
        for one, other in (
            (found.train.x, expected.train.x),
            (found.validation.x, expected.validation.x),
        ):
            np.testing.assert_allclose(one, other, atol=1e-3)


def test_numbers_beyond_float64_are_refused_by_column(tmp_path: Path) -> None:
    x = values()
    x[:, 1] *= 1e300
    with pytest.raises(UserError, match="'second'"):
        prepared(x, tmp_path)
