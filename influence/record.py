"""The record of one training: what every estimator of influence may start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from influence.trace import Trace


@dataclass(frozen=True)
class Checkpoints:
    """The trained network at the end of each epoch, with the samples as it takes them.

    Attributes:
        network: maps the inputs below to logits; its last layer is the ``nn.Linear`` ``head``.
        states: one ``state_dict`` of the network per epoch.
        x_train, x_validation: inputs of the network (frozen features where there are any).
    """

    network: nn.Module
    states: Sequence[dict[str, Tensor]]
    x_train: Tensor
    x_validation: Tensor

    def at(self, epoch: int) -> nn.Module:
        """The network as it was at the end of ``epoch`` (from 1), in eval mode."""
        self.network.load_state_dict(self.states[epoch - 1])
        return self.network.eval()


@dataclass(frozen=True)
class TrainingRecord:
    """What training hands to an estimator.

    Attributes:
        trace: enough for everything that is exact at the last layer.
        checkpoints: for estimators that differentiate the network themselves.
        device: torch device string of the network.
    """

    trace: Trace
    checkpoints: Checkpoints
    device: str = "cpu"
