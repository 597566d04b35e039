"""TracInCP (Pruthi et al. 2020) as Captum implements it.

Captum sums over the checkpoints that it is given. It is asked for one at a time here, which gives
the influence of each epoch at no further cost.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from captum.influence import TracInCP, TracInCPFast
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from influence.estimators.dense import profile_from_matrices
from influence.estimators.layers import Layers, last_layer, trained_layers
from influence.profile import Profile
from influence.record import TrainingRecord
from influence.trace import Samples

BATCH = 1024


@dataclass(frozen=True)
class CaptumTracInCP:
    """``TracInCP``: gradients of the chosen layers, sample by sample.

    Attributes:
        layers: which layers count.
        batchwise: whether to take the gradients of a batch at once, which Captum can for linear
            and convolutional layers; it leaves out all others without a word.
    """

    layers: Layers
    batchwise: bool

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        network = copy.deepcopy(record.checkpoints.network)

        def build(epoch: int, train: DataLoader[Any], load: Callable[..., float]) -> Any:
            return TracInCP(
                network,
                train,
                [epoch],
                load,
                layers=self.layers(network),
                loss_fn=nn.CrossEntropyLoss(reduction="sum" if self.batchwise else "none"),
                sample_wise_grads_per_batch=self.batchwise,
            )

        return _profile(record, network, build)


@dataclass(frozen=True)
class CaptumTracInCPFast:
    """``TracInCPFast``: outputs' gradients and inputs of the last layer, multiplied.

    It takes no notice of the last layer's bias. So it is shown the same network with the bias as
    the weight of one more input that is always 1, and its influence is that of weights and bias.
    """

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        network = copy.deepcopy(record.checkpoints.network)
        extended = _BiasAsWeight(network) if record.trace.bias else network

        def build(epoch: int, train: DataLoader[Any], load: Callable[..., float]) -> Any:
            return TracInCPFast(
                extended,
                extended.head,
                train,
                [epoch],
                lambda _, checkpoint: load(network, checkpoint),
                nn.CrossEntropyLoss(reduction="sum"),
                batch_size=None,
            )

        return _profile(record, network, build)


class _BiasAsWeight(nn.Module):
    """A network whose last layer takes [h; 1] and has no bias; shares its parameters."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.body = network.get_submodule("body")
        self.head = _ExtendedLinear(cast(nn.Linear, network.get_submodule("head")))

    def forward(self, inputs: Tensor) -> Tensor:
        h = self.body(inputs)
        out: Tensor = self.head(torch.cat([h, torch.ones_like(h[:, :1])], dim=1))
        return out


class _ExtendedLinear(nn.Module):
    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, extended: Tensor) -> Tensor:
        weight = torch.cat([self.linear.weight, self.linear.bias.unsqueeze(1)], dim=1)
        return nn.functional.linear(extended, weight)


def _profile(
    record: TrainingRecord,
    network: nn.Module,
    build: Callable[[int, DataLoader[Any], Callable[..., float]], Any],
) -> Profile:
    trace, checkpoints = record.trace, record.checkpoints
    network.to(record.device)
    train = batches(checkpoints.x_train, trace.train, record.device)
    validation = batches(checkpoints.x_validation, trace.validation, record.device)

    def load(network: nn.Module, epoch: int) -> float:
        network.load_state_dict(checkpoints.states[epoch - 1])
        network.eval()  # Captum leaves dropout and batch normalisation as it finds them
        return float(trace.learning_rates[epoch - 1])

    def matrices() -> Iterator[tuple[Tensor, Tensor]]:
        for epoch in range(1, trace.epochs + 1):
            captum = build(epoch, train, load)
            influence = torch.cat([captum.influence(batch) for batch in validation])
            yield influence.T, captum.self_influence(train)

    with torch.random.fork_rng(devices=[]):  # DataLoaders draw seeds that they have no use for
        return profile_from_matrices(matrices(), trace.validation.labels, trace.n_classes)


def batches(x: Tensor, samples: Samples, device: str) -> DataLoader[Any]:
    """Inputs ``x`` and labels of the samples in large batches, on the device."""
    labels = torch.from_numpy(samples.labels.copy()).to(device)
    # Captum differentiates by the inputs, needed or not, and warns if it has to ask for it
    parts = [part.to(device).detach().requires_grad_() for part in torch.split(x, BATCH)]
    pairs = list(zip(parts, torch.split(labels, BATCH), strict=True))
    return DataLoader(cast("Dataset[Any]", pairs), batch_size=None)


TRACINCP = CaptumTracInCP(last_layer, batchwise=True)
TRACINCP_ALL_LAYERS = CaptumTracInCP(trained_layers, batchwise=False)
TRACINCP_FAST = CaptumTracInCPFast()
