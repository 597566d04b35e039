"""Training dynamics: by hand, and against naive definitions."""

import numpy as np
import pytest
import torch
from synthetic_evidence import evidence_of_logits, make_training
from torch.nn.functional import cross_entropy

from influence.signals import SIGNALS
from influence.signals.grand import gradient_norms

# two epochs, two samples, three classes; both labelled 0
LOGITS = [[[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]], [[5.0, 1.0, 2.0], [1.0, 0.0, 0.0]]]
BY_HAND = evidence_of_logits(LOGITS, [0, 0])
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=2, keepdims=True)


def test_aum_by_hand() -> None:
    np.testing.assert_allclose(SIGNALS["aum"](BY_HAND), [-(1 + 3) / 2, -(-3 + 1) / 2])


def test_el2n_by_hand() -> None:
    error = P - [1, 0, 0]
    expected = np.sqrt((error**2).sum(axis=2))[-1]
    np.testing.assert_allclose(SIGNALS["el2n"](BY_HAND), expected, rtol=1e-6)


def test_data_maps_by_hand() -> None:
    a, b = P[:, 0, 0], P[:, 1, 0]
    np.testing.assert_allclose(
        SIGNALS["data_maps_confidence"](BY_HAND), [-a.mean(), -b.mean()], rtol=1e-6
    )
    np.testing.assert_allclose(
        SIGNALS["data_maps_variability"](BY_HAND),
        [abs(a[0] - a[1]) / 2, abs(b[0] - b[1]) / 2],
        rtol=1e-5,
    )


def test_loss_by_hand() -> None:
    np.testing.assert_allclose(SIGNALS["loss"](BY_HAND), -np.log(P[:, :, 0]).mean(axis=0))


@pytest.mark.parametrize(
    ("correct", "expected"),
    [
        ("1111", 0),
        ("0111", 0),
        ("1011", 1),
        ("1010", 2),
        ("0101", 1),
        ("0000", 4),
        ("1000", 1),
    ],
)
def test_forgetting_events_by_hand(correct: str, expected: int) -> None:
    logits = [[[1.0, 0.0] if right == "1" else [0.0, 1.0]] for right in correct]
    assert SIGNALS["forgetting_events"](evidence_of_logits(logits, [0])) == [expected]


@pytest.mark.parametrize("bias", [True, False])
def test_gradient_norms_are_what_autograd_finds(bias: bool) -> None:
    trace = make_training().trace
    found = gradient_norms(trace.train, bias)
    for t, i in ((0, 0), (1, 13), (3, 60)):
        h = torch.tensor(trace.train.inputs[t][i], dtype=torch.float64)
        logits = torch.tensor(trace.train.logits[t, i], dtype=torch.float64)
        # any layer that maps h to these logits has this gradient
        weight = torch.outer(logits, h / h.square().sum()).requires_grad_()
        offset = torch.zeros(trace.n_classes, dtype=torch.float64, requires_grad=True)
        loss = cross_entropy(weight @ h + offset, torch.tensor(trace.train.labels[i]))
        parts = torch.autograd.grad(loss, [weight, offset] if bias else [weight])
        expected = float(sum(part.square().sum() for part in parts)) ** 0.5
        assert found[t, i] == pytest.approx(expected, rel=1e-5)


def test_grand_squared_is_self_influence_by_the_learning_rate() -> None:
    evidence = make_training().evidence()
    last = evidence.full_profile.epoch(evidence.full_profile.epochs).self_influence
    expected = np.sqrt(last / evidence.trace.learning_rates[-1])
    np.testing.assert_allclose(SIGNALS["grand"](evidence), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["aum", "el2n", "grand", "data_maps_confidence", "loss"])
def test_wrong_labels_rank_high(name: str) -> None:
    training = make_training()
    top = np.argsort(-SIGNALS[name](training.evidence()))[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.7
