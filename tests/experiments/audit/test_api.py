"""``audit(x, y)`` on arrays, frames, features and a fitted network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from audit_standin import diagnose
from sklearn.datasets import load_wine
from torch import nn

from common.errors import UserError
from experiments.audit import audit
from experiments.audit.api import last_layer_inputs
from experiments.training.context import TrialContext

WINE = load_wine(as_frame=True)
WRONG = np.arange(0, 178, 20)


@pytest.fixture
def context(tmp_path: Path) -> TrialContext:
    return TrialContext(None, tmp_path)


def labels() -> np.ndarray:
    y = WINE.target.to_numpy().copy()
    y[WRONG] = (y[WRONG] + 1) % 3
    return np.array(["a", "b", "c"])[y]


def test_a_frame_and_its_numbers_give_the_same(context: TrialContext) -> None:
    frame = audit(WINE.data, labels(), context=context, diagnose=diagnose)
    numbers = audit(WINE.data.to_numpy(), labels(), context=context, diagnose=diagnose)
    pd.testing.assert_frame_equal(frame, numbers)
    assert set(frame["label"]) == {"a", "b", "c"}
    assert np.isin(frame["row"][:9], WRONG).sum() >= 6


def test_with_validation_and_features_of_ones_own(context: TrialContext) -> None:
    kept = np.arange(178) % 5 != 1
    table = audit(
        WINE.data[kept].reset_index(drop=True),
        labels()[kept],
        validation=(WINE.data[~kept], np.array(["a", "b", "c"])[WINE.target[~kept]]),
        model="softmax_regression",
        max_false_alarms=0.3,
        context=context,
        diagnose=diagnose,
    )
    assert len(table) == kept.sum()
    flagged = table.loc[table["flagged"], "probability"]
    assert 1 - flagged.mean() <= 0.3


def test_a_fitted_network(context: TrialContext) -> None:
    network = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 3))
    x = ((WINE.data - WINE.data.mean()) / WINE.data.std()).to_numpy(np.float32)
    before = [p.clone() for p in network.parameters()]
    table = audit(x, labels(), classifier=network, context=context, diagnose=diagnose)
    assert len(table) == 178
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    expected = network[1](network[0](torch.tensor(x))).detach().numpy()
    np.testing.assert_allclose(last_layer_inputs(network, x), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.zeros((6, 3, 3)), {}, "x must be a table"),
        (np.full((6, 3, 3), 300), {}, "x must be a table"),
        (np.zeros((6, 2)), {"classifier": nn.ReLU()}, "has no linear layer"),
        (
            np.zeros((6, 2)),
            {"classifier": nn.Sequential(nn.Linear(2, 2), nn.ReLU())},
            "must end with its last linear layer",
        ),
        (
            np.zeros((6, 2)),
            {"classifier": nn.Linear(2, 2), "model": "mlp"},
            "model or classifier, not both",
        ),
    ],
)
def test_what_will_not_do(
    x: np.ndarray, options: dict[str, object], message: str, context: TrialContext
) -> None:
    with pytest.raises(UserError, match=message):
        audit(x, [0, 1] * 3, context=context, diagnose=diagnose, **options)
