"""TracIn by definition: one backward pass per sample, one inner product per pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from influence.estimators.dense import DenseEstimator
from influence.estimators.layers import Layers, last_layer, trained_layers
from influence.record import TrainingRecord


@dataclass(frozen=True)
class Naive(DenseEstimator):
    """TracInCP in loops, as a reference for tests.

    Attributes:
        layers: names of the layers whose gradients count.
    """

    layers: Layers

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        trace, checkpoints = record.trace, record.checkpoints
        for epoch, rate in enumerate(trace.learning_rates.tolist(), start=1):
            network = checkpoints.at(epoch)
            modules = [network.get_submodule(name) for name in self.layers(network)]
            parameters = [p for module in modules for p in module.parameters(recurse=False)]
            train, validation = (
                [
                    _gradient(network, parameters, x[k : k + 1], int(label))
                    for k, label in enumerate(samples.labels)
                ]
                for x, samples in (
                    (checkpoints.x_train, trace.train),
                    (checkpoints.x_validation, trace.validation),
                )
            )
            influence = torch.stack([torch.stack([g.dot(v) for v in validation]) for g in train])
            own = torch.stack([g.dot(g) for g in train])
            yield rate * influence, rate * own


def _gradient(network: nn.Module, parameters: Sequence[Tensor], x: Tensor, label: int) -> Tensor:
    device = parameters[0].device
    loss = cross_entropy(network(x.to(device)), torch.tensor([label], device=device))
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])


NAIVE = Naive(last_layer)
NAIVE_ALL_LAYERS = Naive(trained_layers)
