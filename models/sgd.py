"""One step of plain SGD: operation by operation, or on a GPU replayed as a CUDA graph.

A step on a small network is hundreds of kernels of a few microseconds each, which a GPU computes
faster than Python starts them. A graph starts all of them at once.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.base import Network

WARM_UP = 3
"""Steps before the capture: libraries choose their kernels in the first ones."""


class Step(Protocol):
    """Takes one step of SGD on the samples at these positions, (b,) int64 on their device."""

    def __call__(self, positions: Tensor) -> None: ...


def sgd_step(network: Network, x: Tensor, labels: Tensor, learning_rate: float) -> Step:
    """The fastest step on the device of the samples.

    Args:
        network: trained in place; in train mode during each step.
        x: inputs of the body, (n, ...) float32.
        labels: (n,) int64, on the device of ``x``.
        learning_rate: η.
    """
    step = EagerStep(network, x, labels, learning_rate)
    return CapturedStep(step) if x.device.type == "cuda" else step


class EagerStep:
    """A step, operation by operation; see :func:`sgd_step` for the arguments.

    Attributes:
        device: of the samples.
    """

    def __init__(self, network: Network, x: Tensor, labels: Tensor, learning_rate: float) -> None:
        self.device = x.device
        self._network = network
        self._x = x
        self._labels = labels
        parameters = [p for p in network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.SGD(parameters, lr=learning_rate)

    def __call__(self, positions: Tensor) -> None:
        self._optimizer.zero_grad()
        # index_select: several times faster than indexing
        logits = self._network(self._x.index_select(0, positions))
        loss = cross_entropy(logits, self._labels.index_select(0, positions))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._optimizer.step()


class CapturedStep:
    """The same step, captured as a CUDA graph and replayed.

    A graph has a fixed batch size: that of the first batch. The few batches of other sizes run
    operation by operation, as do the first ones. Dropout draws the same numbers either way, since a
    graph advances the generator of the device as its operations would.
    """

    def __init__(self, step: EagerStep) -> None:
        self._step = step
        self._stream = torch.cuda.Stream(step.device)  # type: ignore[no-untyped-call]  # untyped
        self._taken = 0
        self._positions: Tensor | None = None  # what the graph reads
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, positions: Tensor) -> None:
        if self._positions is None:
            self._positions = positions.clone()
        self._taken += 1
        if len(positions) != len(self._positions) or self._taken <= WARM_UP:
            self._run(positions)
            return
        self._positions.copy_(positions)
        if self._graph is None:
            self._graph = self._captured(self._positions)
        self._graph.replay()

    def _run(self, positions: Tensor) -> None:
        # on the stream of the capture, so that gradients belong to one stream
        current = torch.cuda.current_stream(self._step.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            self._step(positions)
        current.wait_stream(self._stream)

    def _captured(self, positions: Tensor) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            self._step(positions)
        return graph
