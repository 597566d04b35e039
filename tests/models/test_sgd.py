"""A step of SGD: against the formula, and captured against operation by operation."""

import numpy as np
import pytest
import torch
from torch import nn

from models.base import Network, TrainingSettings
from models.sgd import CapturedStep, EagerStep, sgd_step
from models.training import epoch_batches

N, D, C, RATE = 43, 5, 3, 0.1


def make_network(device: str = "cpu") -> Network:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(D, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(0.3))
    return Network(body, nn.Linear(7, C)).to(device)


def make_data(device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N, D, generator=generator)
    return x.to(device), torch.randint(C, (N,), generator=generator).to(device)


def test_a_step_follows_the_gradient_of_the_mean_cross_entropy() -> None:
    x, labels = make_data()
    network = Network(nn.Identity(), nn.Linear(D, C))
    head = network.head
    weight, bias = head.weight.detach().clone(), head.bias.detach().clone()
    positions = torch.tensor([3, 1, 40])
    step = sgd_step(network, x, labels, RATE)
    assert isinstance(step, EagerStep)
    step(positions)
    residuals = torch.softmax(x[positions] @ weight.T + bias, dim=1)
    residuals[range(3), labels[positions]] -= 1.0
    torch.testing.assert_close(head.weight, weight - RATE * residuals.T @ x[positions] / 3)
    torch.testing.assert_close(head.bias, bias - RATE * residuals.mean(dim=0))


@pytest.mark.gpu
@pytest.mark.parametrize("batch_size", [7, 8, N, 100])  # a smaller, a larger and no last batch
def test_a_captured_step_gives_the_bits_of_single_operations(batch_size: int) -> None:
    settings = TrainingSettings(4, batch_size, RATE)
    states = []
    for captured in (False, True):
        network = make_network("cuda").train()
        eager = EagerStep(network, *make_data("cuda"), RATE)
        step = CapturedStep(eager) if captured else eager
        torch.manual_seed(1)  # of dropout
        for batches in epoch_batches(N, settings, 2, torch.device("cuda")):
            for batch in batches:
                step(batch)
        states.append({name: value.cpu().numpy() for name, value in network.state_dict().items()})
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name], err_msg=name)


@pytest.mark.gpu
def test_steps_on_a_gpu_are_captured() -> None:
    assert isinstance(sgd_step(make_network("cuda"), *make_data("cuda"), RATE), CapturedStep)
