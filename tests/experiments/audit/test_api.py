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
    frame = audit(WINE.data, labels(), **options).table
    numbers = audit(WINE.data.to_numpy(), labels(), **options).table
    pd.testing.assert_frame_equal(frame, numbers)
    assert set(frame["label"]) == {"a", "b", "c"}
    assert np.isin(frame["row"][:9], WRONG).sum() >= 6


def test_with_validation_and_features_of_ones_own(context: TrialContext) -> None:
    kept = np.arange(178) % 5 != 1
    table = audit(
        WINE.data[kept].reset_index(drop=True),
        labels()[kept],
        reference=(WINE.data[~kept], np.array(["a", "b", "c"])[WINE.target[~kept]]),
        model="softmax_regression",
        max_false_alarms=0.3,
        context=context,
        diagnose=diagnose,
    ).table
    assert len(table) == kept.sum()
    flagged = table.loc[table["flagged"], "probability"]
    assert 1 - flagged.mean() <= 0.3


def test_a_network_is_audited_and_the_session_is_unchanged(context: TrialContext) -> None:
    network = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 3))
    x = ((WINE.data - WINE.data.mean()) / WINE.data.std()).to_numpy(np.float32)
    weights = [p.clone() for p in network.parameters()]
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    result = audit(x, labels(), classifier=network, context=context, diagnose=diagnose)
    assert len(result.table) == 178
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(weights, network.parameters(), strict=True))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_findings_name_classes_and_first_suspects(context: TrialContext) -> None:
    result = audit(
        WINE.data, labels(), model="softmax_regression", context=context, diagnose=diagnose
    )
    findings = " ".join(result.findings)
    for name, count in zip(*np.unique(labels(), return_counts=True), strict=True):
        assert f"{name} ({count})" in findings
    assert f"row {result.table['row'][0]} " in findings


def predicted() -> np.ndarray:
    """Probabilities that a model could have predicted: right for most rows, also wrong labels."""
    p = np.full((178, 3), 0.1)
    p[np.arange(178), WINE.target] = 0.8
    p[::7] = [0.3, 0.3, 0.4]
    return p


@pytest.mark.parametrize("with_features", [True, False])
def test_what_another_model_computed(context: TrialContext, *, with_features: bool) -> None:
    given: dict[str, Any] = {"features": WINE.data.to_numpy()} if with_features else {}
    result = audit(
        labels=labels(), pred_probs=predicted(), context=context, diagnose=diagnose, **given
    )
    assert np.isin(result.table["row"][:9], WRONG).sum() >= 7  # of rows 0 and 140 nothing is known
    assert result.request.model == "softmax_regression"
    assert result.request.data == ""


def test_computed_features_with_a_reference_set(context: TrialContext) -> None:
    kept = np.arange(178) % 5 != 1
    x, p = WINE.data.to_numpy(), predicted()
    clean = np.array(["a", "b", "c"])[WINE.target]
    result = audit(
        features=x[kept],
        labels=labels()[kept],
        pred_probs=p[kept],
        reference=(x[~kept], clean[~kept], p[~kept]),
        context=context,
        diagnose=diagnose,
    )
    assert result.data is not None
    assert result.data.validation is not None
    assert result.data.validation.x.shape == ((~kept).sum(), 16)


X, Y = np.arange(60).reshape(30, 2) % 7, [0, 1, 2] * 10
P = np.full((30, 3), 1 / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give data .* features or pred_probs"),
        ({"data": X, "features": X, "labels": Y}, "not both"),
        ({"data": X}, "labels are missing: .* got ndarray"),
        ({"data": {"train": X}}, "a map-style dataset, got dict"),
        ({"data": " "}, "data must be a path or a registered name, got ' '"),
        ({"data": "gone.csv"}, "there is no data at 'gone.csv'"),
        ({"data": "gnoe"}, "unknown dataset 'gnoe'"),
        ({"data": "wine", "labels": Y}, "labels belongs to data in memory, got the path 'wine'"),
        ({"data": "wine", "label_name": "kind", "reference": (X, Y)}, "a path or a registered"),
        ({"data": X, "labels": Y, "reference": "wine"}, r"pair \(data, labels\), got str"),
        ({"features": X, "labels": Y, "reference": (X,)}, r"must be \(features, labels\)"),
        ({"pred_probs": P[:, :2], "labels": Y}, r"each of the 3 classes, got shape \(30, 2\)"),
        ({"pred_probs": P * 2, "labels": Y}, "sum to 1, got .* in row 0"),
        ({"pred_probs": P * np.nan, "labels": Y}, "sum to 1, got .* in row 0"),
        ({"pred_probs": [["a"]], "labels": Y}, "pred_probs must be numbers"),
        ({"pred_probs": P, "features": X[:9], "labels": Y}, "each of the 30 rows of pred_probs"),
        ({"pred_probs": P[:9], "labels": Y}, "same length, got 9 and 30"),
        ({"features": X, "labels": Y, "classifier": nn.Linear(2, 2)}, "features or classifier"),
        ({"data": X, "labels": Y, "learning_rate": -1}, "positive and finite, got -1"),
    ],
)
def test_bad_combinations(options: dict[str, Any], message: str, context: TrialContext) -> None:
    with pytest.raises(UserError, match=message) as raised:
        audit(context=context, diagnose=diagnose, **options)
    assert len(str(raised.value).splitlines()) == 1


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


def test_computed_tensors_may_need_gradients(context: TrialContext) -> None:
    given: dict[str, Any] = {"labels": Y, "context": context, "diagnose": diagnose}
    x, p = torch.tensor(X).double(), torch.tensor(P)
    found = audit(features=x.requires_grad_(), pred_probs=p.requires_grad_(), **given)
    expected = audit(features=X, pred_probs=P, **given)
    pd.testing.assert_frame_equal(found.table, expected.table)
