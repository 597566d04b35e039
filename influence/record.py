"""The record of one training, from which every estimator of influence starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from common.errors import UserError
from influence.trace import Trace


@dataclass(frozen=True)
class Checkpoints:
    """The network at the end of each epoch, and the samples in the form that it takes.

    Attributes:
        network: maps the inputs below to logits as ``head(body(inputs))``, ``head`` an
            ``nn.Linear``.
        states: one ``state_dict`` of the network per epoch.
        x_train, x_validation: inputs of the network (the frozen features, if there are frozen
            layers).
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
    """What training passes to an estimator.

    Attributes:
        trace: all that the exact influence of the last layer needs.
        checkpoints: for estimators that differentiate the network themselves.
        device: torch device string of the network.

    Raises:
        UserError: trace and checkpoints do not match, or the last layer is not linear.
    """

    trace: Trace
    checkpoints: Checkpoints
    device: str = "cpu"

    def __post_init__(self) -> None:
        head = getattr(self.checkpoints.network, "head", None)
        if not isinstance(head, nn.Linear):
            raise UserError(
                "influence of the last layer needs a network whose `head` is nn.Linear, got "
                f"{type(head).__name__}"
            )
        if (head.bias is not None) != self.trace.bias:
            raise UserError(
                "trace and network must agree on the bias of the last layer, got "
                f"bias={self.trace.bias} in the trace and {head.bias is not None} in the network"
            )
        if len(self.checkpoints.states) != self.trace.epochs:
            raise UserError(
                f"there must be one checkpoint for each of the {self.trace.epochs} epochs of the "
                f"trace, got {len(self.checkpoints.states)}"
            )
