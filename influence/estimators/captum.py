"""TracInCP (Pruthi et al. 2020) as Captum implements it.

Captum sums over the checkpoints that it is given. It is asked for one at a time here, which gives
the influence of each epoch at no further cost.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from captum.influence import TracInCP, TracInCPFast
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from influence.estimators.dense import DenseEstimator
from influence.estimators.layers import Layers, last_layer, trained_layers
from influence.record import TrainingRecord
from influence.trace import Samples

Load = Callable[[nn.Module, int], float]
Build = Callable[[DataLoader[Any], int, Load], Any]


class CaptumEstimator(DenseEstimator):
    """One of Captum's objects, made anew for each checkpoint."""

    batch: int = 1024

    @abstractmethod
    def build(self, network: nn.Module) -> Build:
        """How to make Captum's object for a copy of the trained network."""

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        trace, checkpoints = record.trace, record.checkpoints
        network = copy.deepcopy(checkpoints.network).to(record.device)
        build = self.build(network)
        train = batches(checkpoints.x_train, trace.train, record.device, self.batch)
        validation = batches(checkpoints.x_validation, trace.validation, record.device, self.batch)

        def load(_: nn.Module, epoch: int) -> float:
            network.load_state_dict(checkpoints.states[epoch - 1])
            network.eval()  # Captum leaves dropout and batch normalisation as it finds them
            return float(trace.learning_rates[epoch - 1])

        for epoch in range(1, trace.epochs + 1):
            captum = build(train, epoch, load)
            influence = torch.cat([captum.influence(batch).detach() for batch in validation])
            yield influence.T, captum.self_influence(train)


@dataclass(frozen=True)
class CaptumTracInCP(CaptumEstimator):
    """``TracInCP``: gradients of the chosen layers, sample by sample.

    Attributes:
        layers: which layers count.
        batchwise: whether to take the gradients of a batch at once, which Captum can for linear
            and convolutional layers; it leaves out all others without a word.
        batch: samples whose gradients are in memory at once.
    """

    layers: Layers
    batchwise: bool
    batch: int = 1024

    def build(self, network: nn.Module) -> Build:
        return partial(
            _tracincp,
            network,
            layers=self.layers(network),
            loss_fn=nn.CrossEntropyLoss(reduction="sum" if self.batchwise else "none"),
            sample_wise_grads_per_batch=self.batchwise,
        )


def _tracincp(
    network: nn.Module, train: DataLoader[Any], epoch: int, load: Load, **options: Any
) -> TracInCP:
    return TracInCP(network, train, [epoch], load, **options)


class CaptumTracInCPFast(CaptumEstimator):
    """``TracInCPFast``: outputs' gradients and inputs of the last layer, multiplied.

    It takes no notice of the last layer's bias. So it is shown the same network with the bias as
    the weight of one more input that is always 1, and its influence is that of weights and bias.
    """

    def build(self, network: nn.Module) -> Build:
        head = network.get_submodule("head")
        shown = network if head.bias is None else _BiasAsWeight(network)

        def build(train: DataLoader[Any], epoch: int, load: Load) -> TracInCPFast:
            loss = nn.CrossEntropyLoss(reduction="sum")
            return TracInCPFast(shown, shown.head, train, [epoch], load, loss, batch_size=None)

        return build


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


def batches(x: Tensor, samples: Samples, device: str, size: int = 1024) -> DataLoader[Any]:
    """Inputs ``x`` and labels of the samples in batches, on the device."""
    labels = torch.from_numpy(samples.labels.copy()).to(device)
    # Captum differentiates by the inputs, needed or not, and warns if it has to ask for it
    parts = [part.to(device).detach().requires_grad_() for part in torch.split(x, size)]
    pairs = list(zip(parts, torch.split(labels, size), strict=True))
    return DataLoader(cast("Dataset[Any]", pairs), batch_size=None)


TRACINCP = CaptumTracInCP(last_layer, batchwise=True)
TRACINCP_ALL_LAYERS = CaptumTracInCP(trained_layers, batchwise=False, batch=128)
TRACINCP_FAST = CaptumTracInCPFast()
