"""Retraining many copies at once against training each for itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from common.errors import UserError
from experiments.training.retraining import Retraining, without_noise
from models.base import Network, TrainingSettings
from models.training import LabelledInputs, epoch_batches, fit

SETTINGS = TrainingSettings(epochs=3, batch_size=4, learning_rate=0.2)
N, M, CLASSES = 21, 5, 3


def retraining(body: nn.Module | None = None) -> Retraining:
    rng = np.random.default_rng(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hidden = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5))
        network = without_noise(Network(body or hidden, nn.Linear(6, CLASSES)))
    x, x_validation = (torch.from_numpy(rng.standard_normal((k, 4))) for k in (N, M))
    y, y_validation = (rng.integers(0, CLASSES, k) for k in (N, M))
    train, validation = LabelledInputs(x, y), LabelledInputs(x_validation, y_validation)
    return Retraining(network, train, validation, SETTINGS, seed=7)


def test_none_left_out_is_the_ordinary_training() -> None:
    given = retraining()
    losses = given(np.ones((2, N), dtype=bool))
    record = fit(copy.deepcopy(given.network), given.train, given.validation, SETTINGS, seed=7)
    for row in range(2):
        np.testing.assert_allclose(losses.train[row], record.trace.train.losses[-1], rtol=1e-10)
        np.testing.assert_allclose(
            losses.validation[row], record.trace.validation.losses[-1], rtol=1e-10
        )


def test_each_copy_is_trained_on_its_own_samples() -> None:
    given = retraining()
    masks = np.random.default_rng(1).random((3, N)) < 0.7
    found = given(masks)
    for mask, losses in zip(masks, found.validation, strict=True):
        network = copy.deepcopy(given.network)
        optimizer = torch.optim.SGD(network.parameters(), lr=SETTINGS.learning_rate)
        labels = torch.from_numpy(given.train.y)
        for batches in epoch_batches(N, SETTINGS, 7):
            for batch in batches:
                kept = batch[torch.from_numpy(mask)[batch]]
                optimizer.zero_grad()
                logits = network(given.train.x[kept])
                loss = nn.functional.cross_entropy(logits, labels[kept], reduction="sum")
                (loss / len(batch)).backward()
                optimizer.step()
        logits = network(given.validation.x)
        expected = nn.functional.cross_entropy(
            logits, torch.from_numpy(given.validation.y), reduction="none"
        )
        np.testing.assert_allclose(losses, expected.detach().numpy(), rtol=1e-10)


def test_the_network_given_stays_as_it_was() -> None:
    given = retraining()
    before = copy.deepcopy(given.network.state_dict())
    given(np.ones((1, N), dtype=bool))
    for name, value in given.network.state_dict().items():
        assert torch.equal(value, before[name])


def test_parts_that_are_not_trained_stay() -> None:
    given = retraining()
    given.network.body.requires_grad_(False)
    assert np.isfinite(given(np.ones((2, N), dtype=bool)).validation).all()


def test_batch_normalisation_is_refused() -> None:
    body = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6))
    with pytest.raises(UserError, match="without batch normalisation"):
        retraining(body)
