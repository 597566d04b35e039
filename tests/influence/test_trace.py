"""What a trace refuses, and what it derives from its logits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_traces import Shape, random_trace

from common.errors import UserError
from influence.trace import Samples, Trace


def test_residuals_are_the_gradient_of_the_loss() -> None:
    samples = random_trace(Shape()).train
    logits = torch.tensor(samples.logits, requires_grad=True)
    labels = torch.tensor(samples.labels)
    for t in range(3):
        torch.nn.functional.cross_entropy(logits[t], labels, reduction="sum").backward()
    assert logits.grad is not None
    np.testing.assert_allclose(samples.residuals(), logits.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_residuals_of_well_learned_samples_keep_their_digits() -> None:
    logits = np.array([[[30.0, 1.0, 0.0]]], np.float32)
    found = Samples([np.zeros((1, 1), np.float32)], logits, np.zeros(1, np.int64)).residuals()
    others = np.exp([-29.0, -30.0])
    np.testing.assert_allclose(found[0, 0], [-others.sum(), *others], rtol=1e-5)


def test_residuals_keep_the_type_of_the_logits() -> None:
    for dtype in (np.float32, np.float64):
        assert random_trace(Shape(), dtype).train.residuals().dtype == dtype


def test_one_logit_is_refused() -> None:
    with pytest.raises(UserError, match="at least 2, got 1"):
        random_trace(Shape(classes=1))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_must_be_finite(value: float) -> None:
    trace = random_trace(Shape())
    logits = trace.validation.logits.copy()
    logits[1, 3, 0] = value
    with pytest.raises(UserError, match="validation logits of epoch 2 are not finite"):
        replace(trace, validation=replace(trace.validation, logits=logits))


def test_as_many_epochs_as_learning_rates() -> None:
    trace = random_trace(Shape())
    with pytest.raises(UserError, match=r"train must have.*2 learning rates, got 3 and 3"):
        Trace(trace.train, trace.validation, trace.learning_rates[:2])
