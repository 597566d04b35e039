"""Training many copies of a small network at once, each on a part of the samples."""

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
from models.training import LabelledInputs, epoch_batches

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Retraining:
    """Retrains a network from one start, in one order of batches, leaving samples out.

    A sample that is left out has weight zero in its batches, whose divisor stays, so that two
    trainings differ only in the samples that are left out. With none left out, the model is that
    of :func:`models.training.fit`.

    Attributes:
        network: in the state that training starts from, on the CPU, without buffers and without
            dropout, since two trainings must not differ in their noise.
        train: n training samples.
        validation: m validation samples.
        settings: of training.
        seed: of the order of the samples.

    Raises:
        UserError: the network has batch normalisation.
    """

    network: Network
    train: LabelledInputs
    validation: LabelledInputs
    settings: TrainingSettings
    seed: int

    def __post_init__(self) -> None:
        if any(True for _ in self.network.buffers()):
            raise UserError("retraining needs a model without batch normalisation")

    def __call__(self, masks: Masks) -> Losses:
        """Losses of the models trained on the samples that each mask, (K, n), keeps."""
        x, y = self.train.x, torch.from_numpy(np.array(self.train.y))
        weights = torch.from_numpy(np.array(masks)).to(x.dtype)
        network = copy.deepcopy(self.network)
        trained = [name for name, p in network.named_parameters() if p.requires_grad]
        parameters = {name: p.detach() for name, p in network.named_parameters()}
        for name in trained:
            shared = parameters[name]
            parameters[name] = shared.expand(len(weights), *shared.shape).clone()
        axes = {name: 0 if name in trained else None for name in parameters}

        def each_loss(own: Parameters, x: Tensor, y: Tensor) -> Tensor:
            return cross_entropy(functional_call(network, own, (x,)), y, reduction="none")

        def batch_loss(own: Parameters, kept: Tensor, x: Tensor, y: Tensor) -> Tensor:
            return (kept * each_loss(own, x, y)).sum() / len(y)

        gradients = vmap(grad(batch_loss), in_dims=(axes, 0, None, None))
        for batches in epoch_batches(len(y), self.settings, self.seed):
            for batch in batches:
                found = gradients(parameters, weights[:, batch], x[batch], y[batch])
                for name in trained:
                    parameters[name].sub_(found[name], alpha=self.settings.learning_rate)

        def final_losses(part: LabelledInputs) -> NDArray[np.floating]:
            losses = vmap(each_loss, in_dims=(axes, None, None))
            with torch.no_grad():
                return np.asarray(losses(parameters, part.x, torch.from_numpy(np.array(part.y))))

        return Losses(final_losses(self.train), final_losses(self.validation))


def without_noise(network: Network) -> Network:
    """The network in double precision on the CPU, its dropout switched off."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network.cpu().double()
