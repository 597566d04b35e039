"""``audit(x, y)`` on arrays, frames, features and a fitted network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from audit_standin import diagnose
from sklearn.datasets import load_wine
from torch import nn

from common.errors import UserError
from experiments.audit import audit
from experiments.training.context import TrialContext

WINE = load_wine(as_frame=True)
WRONG = np.arange(0, 178, 20)


@pytest.fixture
def context(tmp_path: Path) -> TrialContext:
    return TrialContext(None, tmp_path)


def labels() -> np.ndarray:
    y = WINE.target.to_numpy().copy()
    y[WRONG] = (y[WRONG] + 1) % 3
    named: np.ndarray = np.array(["a", "b", "c"])[y]
    return named


def test_a_frame_and_its_numbers_give_the_same(context: TrialContext) -> None:
    options: dict[str, Any] = {
        "model": "softmax_regression",
        "context": context,
        "diagnose": diagnose,
    }
    frame = audit(WINE.data, labels(), **options)
    numbers = audit(WINE.data.to_numpy(), labels(), **options)
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


def test_a_network_is_audited_and_the_session_is_unchanged(context: TrialContext) -> None:
    network = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 3))
    x = ((WINE.data - WINE.data.mean()) / WINE.data.std()).to_numpy(np.float32)
    weights = [p.clone() for p in network.parameters()]
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    table = audit(x, labels(), classifier=network, context=context, diagnose=diagnose)
    assert len(table) == 178
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(weights, network.parameters(), strict=True))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_findings_name_classes_and_first_suspects(context: TrialContext) -> None:
    table = audit(
        WINE.data, labels(), model="softmax_regression", context=context, diagnose=diagnose
    )
    findings = " ".join(table.attrs["findings"])
    for name, count in zip(*np.unique(labels(), return_counts=True), strict=True):
        assert f"{name} ({count})" in findings
    assert f"row {table['row'][0]} " in findings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": nn.Linear(2, 2), "model": "mlp"}, "model or classifier"),
        ({"classifier": nn.Linear(3, 2)}, "classifier cannot be applied"),
        ({"model": "resnet20"}, "is for image data"),
        ({"model": "mpl"}, "did you mean 'mlp'"),
        ({"max_false_alarms": 1.5}, r"in \(0, 1\), got 1.5"),
        ({"seed": -1}, "at least 0, got -1"),
        ({"seed": 0.5}, "got 0.5"),
    ],
)
def test_bad_arguments(options: dict[str, Any], message: str, context: TrialContext) -> None:
    x = np.arange(40).reshape(20, 2) % 7
    with pytest.raises(UserError, match=message):
        audit(x, [0, 1] * 10, context=context, diagnose=diagnose, **options)
