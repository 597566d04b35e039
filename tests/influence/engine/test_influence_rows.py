"""Influence of a few samples, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from random_traces import Shape, random_trace

from influence.engine import rows as engine_rows
from influence.engine.rows import influence_rows
from influence.trace import Trace


def naive(trace: Trace, i: int, part: str) -> np.ndarray:
    mine, other = trace.train, getattr(trace, part)
    total = np.zeros(len(other))
    for t, rate in enumerate(trace.learning_rates):
        residuals = other.residuals()[t].astype(float) @ mine.residuals()[t][i]
        inputs = other.inputs[t].astype(float) @ mine.inputs[t][i] + trace.bias
        total += rate * residuals * inputs
    return total


@pytest.mark.parametrize("chunk", [3, 4096])
def test_rows_are_those_of_the_matrix(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_rows, "COLUMNS", chunk)
    trace = random_trace(Shape(), np.float32)
    asked = np.array([4, 0, 7])
    on_validation, on_train = influence_rows(trace, asked)
    for place, i in enumerate(asked):
        for found, part in ((on_validation, "validation"), (on_train, "train")):
            expected = naive(trace, int(i), part)
            np.testing.assert_allclose(
                found[place], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
            )
