"""TracInCP (Pruthi et al. 2020), by Captum.

Captum sums over the checkpoints that it is given. Here it is given one at a time, which yields the
influence of each epoch at no extra cost.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


class CaptumEstimator(DenseEstimator):
    """A Captum object, built anew for each checkpoint."""

    batch: int = 1024

    @abstractmethod
    def captum(self, network: nn.Module, train: DataLoader[Any], epoch: int, load: Load) -> Any:
        """The Captum object for one checkpoint of a network that ``load`` sets to it."""

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        trace, checkpoints = record.trace, record.checkpoints
        network = copy.deepcopy(checkpoints.network).to(record.device)
        train = batches(checkpoints.x_train, trace.train, record.device, self.batch)
        validation = batches(checkpoints.x_validation, trace.validation, record.device, self.batch)

        def load(_: nn.Module, epoch: int) -> float:
            network.load_state_dict(checkpoints.states[epoch - 1])
            network.eval()  # Captum leaves dropout and batch normalisation as it finds them
            return float(trace.learning_rates[epoch - 1])

        for epoch in range(1, trace.epochs + 1):
            captum = self.captum(network, train, epoch, load)
            influence = torch.cat([captum.influence(batch).detach() for batch in validation])
            yield influence.T, captum.self_influence(train)


@dataclass(frozen=True)
class CaptumTracInCP(CaptumEstimator):
    """``TracInCP``: gradients of the chosen layers, sample by sample.

    Attributes:
        layers: names of the layers whose gradients count.
        batchwise: whether to compute the gradients of a batch at once. Captum supports this for
            linear and convolutional layers only, and silently leaves out all others.
        batch: number of samples whose gradients are in memory at once.
    """

    layers: Layers
    batchwise: bool
    batch: int = 1024

    def captum(
        self, network: nn.Module, train: DataLoader[Any], epoch: int, load: Load
    ) -> TracInCP:
        return TracInCP(
            network,
            train,
            [epoch],
            load,
            layers=self.layers(network),
            loss_fn=nn.CrossEntropyLoss(reduction="sum" if self.batchwise else "none"),
            sample_wise_grads_per_batch=self.batchwise,
        )


class CaptumTracInCPFast(CaptumEstimator):
    """``TracInCPFast``: products of the last layer's inputs and output gradients.

    It ignores the bias of the last layer. So it is given an equivalent network in which the bias is
    the weight of an additional input that is always 1.
    """

    def captum(
        self, network: nn.Module, train: DataLoader[Any], epoch: int, load: Load
    ) -> TracInCPFast:
        head = network.get_submodule("head")
        shown = network if head.bias is None else _BiasAsWeight(network)
        loss = nn.CrossEntropyLoss(reduction="sum")
        return TracInCPFast(shown, shown.head, train, [epoch], load, loss, batch_size=None)


class _BiasAsWeight(nn.Module):
    """The same network, its last layer without bias on [h; 1]; shares all parameters."""

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
    # Captum differentiates with respect to the inputs, and warns if they do not require gradients
    parts = [part.to(device).detach().requires_grad_() for part in torch.split(x, size)]
    pairs = list(zip(parts, torch.split(labels, size), strict=True))
    return DataLoader(cast("Dataset[Any]", pairs), batch_size=None)


TRACINCP = CaptumTracInCP(last_layer, batchwise=True)
TRACINCP_ALL_LAYERS = CaptumTracInCP(trained_layers, batchwise=False, batch=128)
TRACINCP_FAST = CaptumTracInCPFast()
