"""Records of small networks with random weights at each epoch, in double precision."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from influence.record import Checkpoints, TrainingRecord
from influence.trace import Samples, Trace
from models.base import Network

N, M, EPOCHS = 11, 7, 3


def identity_body() -> tuple[nn.Module, tuple[int, ...], int]:
    return nn.Identity(), (5,), 5


def mlp_body() -> tuple[nn.Module, tuple[int, ...], int]:
    layers = nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3), nn.Tanh()
    return nn.Sequential(*layers), (4,), 3


def conv_body() -> tuple[nn.Module, tuple[int, ...], int]:
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers), (1, 5, 5), 3


BODIES = [identity_body, mlp_body, conv_body]


def tiny_record(  # a network, its inputs and what it makes of them
    body_of: object, classes: int, *, bias: bool = True, seed: int = 0
) -> TrainingRecord:
    """A record whose trace and checkpoints agree."""
    assert callable(body_of)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body, shape, d = body_of()
        network = Network(body, nn.Linear(d, classes, bias=bias)).double()
        x_train, x_validation = (torch.randn(count, *shape).double() for count in (N, M))
        labels = [torch.randint(0, classes, (count,)).numpy() for count in (N, M)]
        states = []
        for _ in range(EPOCHS):
            state = copy.deepcopy(network.state_dict())
            for name, value in state.items():
                if value.is_floating_point():
                    random = torch.randn_like(value)
                    state[name] = random.abs() + 0.5 if "running_var" in name else random
            states.append(state)
    checkpoints = Checkpoints(network, states, x_train, x_validation)
    train, validation = (
        seen(checkpoints, x, y) for x, y in zip((x_train, x_validation), labels, strict=True)
    )
    trace = Trace(train, validation, np.array([0.1, 0.05, 0.2]), bias=bias)
    return TrainingRecord(trace, checkpoints)


@torch.no_grad()
def seen(checkpoints: Checkpoints, x: Tensor, labels: NDArray[np.int64]) -> Samples:
    """What the last layer sees at each checkpoint, in eval mode."""
    inputs, logits = [], []
    for epoch in range(1, EPOCHS + 1):
        network = checkpoints.at(epoch)
        assert isinstance(network, Network)
        inputs.append(network.body(x).numpy())
        logits.append(network(x).numpy())
    return Samples(inputs, np.stack(logits), labels)
