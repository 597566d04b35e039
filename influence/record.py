"""The record of one training: what every estimator of influence may start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from common.errors import UserError
from influence.trace import Trace


@dataclass(frozen=True)
class Checkpoints:
    """The trained network at the end of each epoch, with the samples as it takes them.

    Attributes:
        network: maps the inputs below to logits as ``head(body(inputs))``, ``head`` an
            ``nn.Linear``.
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

    Raises:
        UserError: trace and checkpoints do not fit each other, or the last layer is not linear.
    """

    trace: Trace
    checkpoints: Checkpoints
    device: str = "cpu"

    def __post_init__(self) -> None:
        head = getattr(self.checkpoints.network, "head", None)
        if not isinstance(head, nn.Linear):
            raise UserError(
                "influence of the last layer needs a network whose `head` is nn.Linear, however: "
                f"{type(head).__name__}"
            )
        if (head.bias is not None) != self.trace.bias:
            raise UserError(
                f"the last layer {'has a' if self.trace.bias else 'has no'} bias by the trace, "
                f"however by the network it {'has none' if self.trace.bias else 'has one'}"
            )
        if len(self.checkpoints.states) != self.trace.epochs:
            raise UserError(
                f"the trace has {self.trace.epochs} epochs, however {len(self.checkpoints.states)} "
                "checkpoints"
            )
