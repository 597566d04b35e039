"""Training many copies of a small network at once, each without samples of its own."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from common.errors import UserError
from influence.ground_truth import Losses, Masks
from models.base import Network, TrainingSettings
from models.training import epoch_batches

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Retraining:
    """Retrains a network from one start, in one order of batches, leaving samples out.

    A sample that is left out has weight zero in its batches, whose divisor stays, so that two
    trainings differ in nothing but the samples that are left out. With none left out the model is
    that of :func:`models.training.fit`.

    Attributes:
        network: in the state that training starts from, without buffers and without dropout: two
            trainings must not differ in their noise.
        x_train, x_validation: inputs of its body, (n, ...) and (m, ...).
        y_train, y_validation: (n,) and (m,) int64.
        settings: of training.
        seed: of the order of the samples.
    """

    network: Network
    x_train: Tensor
    y_train: NDArray[np.int64]
    x_validation: Tensor
    y_validation: NDArray[np.int64]
    settings: TrainingSettings
    seed: int

    def __post_init__(self) -> None:
        if any(True for _ in self.network.buffers()):
            raise UserError("retraining copies at once needs a model without batch normalisation")

    def __call__(self, masks: Masks) -> Losses:
        """Losses of the models trained on the samples that each mask, (K, n), keeps."""
        weights = torch.from_numpy(np.array(masks)).to(self.x_train.dtype)
        labels = torch.from_numpy(np.array(self.y_train))
        network = copy.deepcopy(self.network)
        start = {name: p.detach() for name, p in network.named_parameters()}
        trained = [name for name, p in network.named_parameters() if p.requires_grad]
        parameters = {
            name: p.expand(len(weights), *p.shape).clone() if name in trained else p
            for name, p in start.items()
        }
        axes = {name: 0 if name in trained else None for name in parameters}

        def loss(own: Parameters, kept: Tensor, x: Tensor, y: Tensor) -> Tensor:
            each = cross_entropy(functional_call(network, own, (x,)), y, reduction="none")
            return (kept * each).sum() / len(y)

        gradients = vmap(grad(loss), in_dims=(axes, 0, None, None))
        for batches in epoch_batches(len(labels), self.settings, self.seed):
            for batch in batches:
                found = gradients(parameters, weights[:, batch], self.x_train[batch], labels[batch])
                for name in trained:
                    parameters[name].sub_(found[name], alpha=self.settings.learning_rate)

        def losses(x: Tensor, y: NDArray[np.int64]) -> NDArray[np.floating]:
            labels = torch.from_numpy(np.array(y))
            each = vmap(
                lambda own: cross_entropy(
                    functional_call(network, own, (x,)), labels, reduction="none"
                ),
                in_dims=(axes,),
            )
            with torch.no_grad():
                return np.asarray(each(parameters))

        return Losses(
            losses(self.x_train, self.y_train), losses(self.x_validation, self.y_validation)
        )


def without_noise(network: Network) -> Network:
    """The network in double precision, its dropout switched off."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network.double()
