"""Static estimators against the Hessian by automatic differentiation, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from tiny_records import EPOCHS, identity_body, mlp_body, tiny_record
from torch import nn
from torch.nn.functional import cross_entropy

from common.errors import UserError
from influence.estimators import inverse_hessian
from influence.estimators.arnoldi import Arnoldi
from influence.estimators.inverse_hessian import InverseHessian
from influence.record import Checkpoints, TrainingRecord
from influence.trace import Samples, Trace
from models.base import Network


def by_autograd(record: TrainingRecord, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """Influence matrix and self-influence at the last epoch."""
    trace, state = record.trace, record.checkpoints.states[-1]
    weight = state["head.weight"]
    bias = [state["head.bias"].unsqueeze(1)] if trace.bias else []
    parameters = torch.cat([weight, *bias], 1).flatten()

    def losses(flat: torch.Tensor, samples: Samples) -> torch.Tensor:
        h = torch.tensor(samples.inputs[-1])
        extended = torch.cat([h, torch.ones(len(h), int(trace.bias))], 1)
        logits = extended @ flat.view(len(weight), -1).T
        return cross_entropy(logits, torch.tensor(samples.labels), reduction="none")

    hessian = torch.autograd.functional.hessian(
        lambda flat: losses(flat, trace.train).sum(), parameters
    )
    hessian += damping * hessian.diagonal().mean() * torch.eye(len(hessian)).double()
    train, validation = (
        torch.autograd.functional.jacobian(lambda flat, s=side: losses(flat, s), parameters)
        for side in (trace.train, trace.validation)
    )
    inverse = torch.linalg.inv(hessian)
    return (train @ inverse @ validation.T).numpy(), (train @ inverse * train).sum(1).numpy()


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("body", [identity_body, mlp_body])
@pytest.mark.parametrize("bias", [True, False])
def test_inverse_hessian(body: object, classes: int, bias: bool) -> None:
    record = tiny_record(body, classes, bias=bias)
    found = InverseHessian(damping=0.1).profile(record)
    influence, own = by_autograd(record, 0.1)
    members = np.eye(classes)[record.trace.validation.labels]
    for row in (EPOCHS - 1, EPOCHS):
        np.testing.assert_allclose(found.self_influence[row], own, rtol=1e-8)
        np.testing.assert_allclose(
            found.positive[row], np.maximum(influence, 0) @ members, rtol=1e-8, atol=1e-14
        )
        np.testing.assert_allclose(
            found.negative[row], np.minimum(influence, 0) @ members, rtol=1e-8, atol=1e-14
        )


def fitted(x: np.ndarray, y: np.ndarray, penalty: float) -> LogisticRegression:
    """Softmax regression of the summed loss plus ``penalty``/2 times the squared weights."""
    return LogisticRegression(C=1 / penalty, fit_intercept=False, tol=1e-12, max_iter=10_000).fit(
        x, y
    )


def test_inverse_hessian_predicts_what_leaving_one_out_does() -> None:
    rng = np.random.default_rng(0)
    classes, penalty = 3, 1.0
    x, x_validation = rng.standard_normal((60, 2)), rng.standard_normal((20, 2))
    y, y_validation = rng.integers(0, classes, 60), rng.integers(0, classes, 20)
    model = fitted(x, y, penalty)
    network = Network(nn.Identity(), nn.Linear(2, classes, bias=False)).double()
    state = {"head.weight": torch.tensor(model.coef_)}
    trace = Trace(
        Samples([x], (x @ model.coef_.T)[None], y),  # type: ignore[list-item]  # doubles, for an exact comparison
        Samples([x_validation], (x_validation @ model.coef_.T)[None], y_validation),  # type: ignore[list-item]  # doubles, for an exact comparison
        np.ones(1),
        bias=False,
    )
    checkpoints = Checkpoints(network, [state], torch.tensor(x), torch.tensor(x_validation))

    p = model.predict_proba(x)
    mean_eigenvalue = ((p * (1 - p)).sum(1) * np.square(x).sum(1)).sum() / (2 * classes)
    estimator = InverseHessian(damping=penalty / mean_eigenvalue)
    predicted = estimator.profile(TrainingRecord(trace, checkpoints)).cumulative.by_class.sum(1)

    def loss(fit: LogisticRegression) -> float:
        return float(-fit.predict_log_proba(x_validation)[np.arange(20), y_validation].sum())

    rows = np.arange(60)
    actual = [loss(fitted(x[rows != i], y[rows != i], penalty)) - loss(model) for i in rows]
    np.testing.assert_allclose(predicted, actual, atol=0.2 * np.abs(actual).max())
    assert np.corrcoef(predicted, actual)[0, 1] > 0.99


def test_a_last_layer_too_large_for_its_hessian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse_hessian, "MOST_PARAMETERS", 17)
    with pytest.raises(UserError, match="at most 17 parameters, got 18"):
        InverseHessian().profile(tiny_record(identity_body, 3))


def test_arnoldi_approaches_the_inverse_hessian() -> None:
    record = tiny_record(identity_body, 2)
    exact = InverseHessian(damping=1e-6).profile(record).self_influence[-1]
    agreement = [
        np.corrcoef(np.log(Arnoldi(rank).profile(record).self_influence[-1]), np.log(exact))[0, 1]
        for rank in (1, 3, 12)
    ]
    assert agreement == sorted(agreement)
    assert agreement[-1] > 0.99


def test_static_estimators_repeat_the_last_epoch() -> None:
    for estimator in (InverseHessian(), Arnoldi()):
        found = estimator.profile(tiny_record(identity_body, 3))
        np.testing.assert_array_equal(found.positive[-1], found.positive[-2])
        np.testing.assert_array_equal(found.self_influence[-1], found.self_influence[-2])
