"""The layers of a network whose gradients an estimator uses."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

Layers = Callable[[nn.Module], list[str]]


def last_layer(network: nn.Module) -> list[str]:  # see Layers
    """The linear last layer."""
    return ["head"]


def trained_layers(network: nn.Module) -> list[str]:
    """The names of all modules that have trained parameters of their own.

    >>> body = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2).requires_grad_(False))
    >>> trained_layers(nn.ModuleDict({"body": body, "head": nn.Linear(2, 2)}))
    ['body.0', 'head']
    """
    return [
        name
        for name, module in network.named_modules()
        if any(p.requires_grad for p in module.parameters(recurse=False))
    ]
