"""Training dynamics: by hand, and against naive definitions."""

import numpy as np
import pytest
import torch
from synthetic_evidence import evidence_of_logits, make_training

from influence.signals import SIGNALS

# two epochs, two samples, three classes; both labelled 0
LOGITS = [[[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]], [[5.0, 1.0, 2.0], [1.0, 0.0, 0.0]]]
BY_HAND = evidence_of_logits(LOGITS, [0, 0])
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=2, keepdims=True)


def test_aum_by_hand() -> None:
    np.testing.assert_allclose(SIGNALS["aum"](BY_HAND), [-(1 + 3) / 2, -(-3 + 1) / 2])


def test_el2n_by_hand() -> None:
    error = P - [1, 0, 0]
    expected = np.sqrt((error**2).sum(axis=2)).mean(axis=0)
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


def test_grand_is_the_gradient_that_autograd_finds() -> None:
    training = make_training()
    trace = training.trace
    scores = SIGNALS["grand"](training.evidence())
    for i in (0, 13, 60):
        norms = []
        for t in range(trace.epochs):
            h = torch.tensor(trace.train.inputs[t][i], dtype=torch.float64)
            layer = torch.nn.Linear(len(h), trace.n_classes, dtype=torch.float64)
            logits = torch.tensor(trace.train.logits[t, i], dtype=torch.float64)
            with torch.no_grad():  # any layer that maps h to these logits has this gradient
                layer.bias += logits - layer(h)
            label = torch.tensor(trace.train.labels[i])
            torch.nn.functional.cross_entropy(layer(h), label).backward()
            assert layer.weight.grad is not None
            assert layer.bias.grad is not None
            square = layer.weight.grad.square().sum() + layer.bias.grad.square().sum()
            norms.append(float(square.sqrt()))
        assert scores[i] == pytest.approx(np.mean(norms), rel=1e-5)


def test_grand_squared_is_self_influence_by_the_learning_rate() -> None:
    evidence = make_training().evidence()
    rates = evidence.trace.learning_rates[:, None]
    expected = np.sqrt(evidence.full_profile.self_influence[:-1] / rates).mean(axis=0)
    np.testing.assert_allclose(SIGNALS["grand"](evidence), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["aum", "el2n", "grand", "data_maps_confidence", "loss"])
def test_wrong_labels_rank_high(name: str) -> None:
    training = make_training()
    top = np.argsort(-SIGNALS[name](training.evidence()))[: len(training.wrong)]
    assert np.isin(top, training.wrong).mean() > 0.7
