"""Training by plain SGD, with the trace taken on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from common.errors import UserError
from influence.record import Checkpoints, TrainingRecord
from influence.trace import Samples, Trace
from models.base import Network, TrainingSettings
from models.sgd import sgd_step

CPU = torch.device("cpu")
EVALUATION_CHUNK = (64, 256)
"""Smallest and largest number of samples per forward pass without gradients on the CPU; in between,
the batch size of training."""
GPU_EVALUATION_CHUNK = (256, 4096)
"""The same on a GPU; in between, as many samples as have ``GPU_EVALUATION_NUMBERS`` inputs."""
GPU_EVALUATION_NUMBERS = 2**20


class LabelledInputs(NamedTuple):
    """Samples as the body of a network takes them.

    Attributes:
        x: inputs of the body, (n, ...) float32, on the CPU.
        y: labels, (n,) int64 in 0 .. C - 1.
    """

    x: Tensor
    y: NDArray[np.int64]


def fit(
    network: Network,
    train: LabelledInputs,
    validation: LabelledInputs,
    settings: TrainingSettings,
    *,
    seed: int,
) -> TrainingRecord:
    """Train ``network`` in place and record what the influence of its last layer needs.

    SGD without momentum or weight decay on the cross-entropy (paper, section 4), on the device of
    the network. The order of the samples is drawn anew each epoch. A last batch of a single sample
    joins the one before it, since batch normalisation needs at least two. At the end of each epoch
    one pass in eval mode over both sets records inputs and outputs of the last layer. Every bit of
    the record is the same for equal seed and settings: on the CPU for equal numbers of threads, on
    a GPU for equal cards.

    Args:
        network: body and head; left in eval mode, as it is after the last epoch.
        train: n training samples.
        validation: m validation samples.
        settings: epochs, batch size and learning rate.
        seed: of the order of the samples and of dropout; the global generators of torch are left
            as they are.

    Returns:
        The trace of all epochs and the checkpoints, in CPU memory. Where the body has no state,
        every epoch lists the same array of last-layer inputs.

    Raises:
        UserError: training diverges, batches of one sample meet batch normalisation, or the device
            does not have the precision.
    """
    device = network.head.weight.device
    on_device = [part.x.to(device) for part in (train, validation)]
    recorders = [_Recorder(network, x, _chunk(settings, x)) for x in on_device]
    states: list[dict[str, Tensor]] = []

    with _reproducible(seed, device, settings):
        for epoch in _epochs(network, LabelledInputs(on_device[0], train.y), settings, seed):
            for recorder in recorders:
                if not recorder.record():
                    raise _diverged(epoch, settings)
            states.append({k: v.detach().cpu().clone() for k, v in network.state_dict().items()})

    trace = Trace(
        recorders[0].samples(train.y),
        recorders[1].samples(validation.y),
        np.full(settings.epochs, settings.learning_rate),
        bias=network.head.bias is not None,
    )
    checkpoints = Checkpoints(network, states, train.x, validation.x)
    return TrainingRecord(trace, checkpoints, str(device))


def predict_after_training(
    network: Network,
    train: LabelledInputs,
    x_validation: Tensor,
    settings: TrainingSettings,
    *,
    seed: int,
) -> NDArray[np.int64]:
    """Train as :func:`fit` does, without its record, and predict: about half the work.

    Returns:
        The class of each validation sample by the last checkpoint, (m,).

    Raises:
        UserError: as :func:`fit`.
    """
    device = network.head.weight.device
    with _reproducible(seed, device, settings):
        for _ in _epochs(network, LabelledInputs(train.x.to(device), train.y), settings, seed):
            pass
        x = x_validation.to(device)
        recorder = _Recorder(network, x, _chunk(settings, x))
        if not recorder.record():
            raise _diverged(settings.epochs, settings)
    return np.asarray(recorder.last_logits.argmax(axis=1), dtype=np.int64)


def _epochs(
    network: Network, train: LabelledInputs, settings: TrainingSettings, seed: int
) -> Iterator[int]:
    """Train one epoch after the other, counted from 1; the network is in eval mode after each."""
    x = train.x
    _check_batches(network, _batch_starts(len(x), settings.batch_size))
    labels = torch.from_numpy(np.ascontiguousarray(train.y)).to(x.device)
    step = sgd_step(network, x, labels, settings.learning_rate)
    for epoch, batches in enumerate(epoch_batches(len(x), settings, seed, x.device), start=1):
        network.train()
        for batch in batches:
            step(batch)
        network.eval()
        yield epoch


def _diverged(epoch: int, settings: TrainingSettings) -> UserError:
    return UserError(
        f"training diverged in epoch {epoch} of {settings.epochs} at learning rate "
        f"{settings.learning_rate:g}: the outputs are not finite; use a smaller one"
    )


def _chunk(settings: TrainingSettings, x: Tensor) -> int:
    """Samples per forward pass without gradients."""
    if x.device.type == "cuda":
        return int(np.clip(GPU_EVALUATION_NUMBERS // x[0].numel(), *GPU_EVALUATION_CHUNK))
    return int(np.clip(settings.batch_size, *EVALUATION_CHUNK))


def epoch_batches(
    n: int, settings: TrainingSettings, seed: int, device: torch.device = CPU
) -> Iterator[tuple[Tensor, ...]]:
    """The batches of each epoch, as positions among n training samples, int64 on the device."""
    order = torch.Generator().manual_seed(seed)
    starts = _batch_starts(n, settings.batch_size)
    for _ in range(settings.epochs):
        yield torch.randperm(n, generator=order).to(device).tensor_split(starts)


class _Recorder:
    """Records last-layer inputs and logits of one set of samples, epoch by epoch."""

    def __init__(self, network: Network, x: Tensor, chunk: int) -> None:
        self._network = network
        self._chunks = x.tensor_split(list(range(chunk, len(x), chunk)))
        # Without state the body is a fixed function in eval mode.
        self._fixed = not network.body.state_dict()
        self._last_inputs: Tensor | None = None
        self._inputs: list[NDArray[np.float32]] = []
        self._logits: list[NDArray[np.float32]] = []

    @torch.no_grad()
    def record(self) -> bool:
        """Pass all samples through the network once; whether all logits are finite."""
        if self._last_inputs is not None and self._fixed:
            self._inputs.append(self._inputs[0])
        else:
            self._last_inputs = torch.cat([self._network.body(chunk) for chunk in self._chunks])
            self._inputs.append(self._last_inputs.cpu().numpy())
        self._logits.append(self._network.head(self._last_inputs).cpu().numpy())
        return bool(np.isfinite(self._logits[-1]).all())

    @property
    def last_logits(self) -> NDArray[np.float32]:
        """Of the last pass, (n, C)."""
        return self._logits[-1]

    def samples(self, labels: NDArray[np.int64]) -> Samples:
        """Everything that was recorded, (T, n, ...)."""
        return Samples(self._inputs, np.stack(self._logits), np.asarray(labels, dtype=np.int64))


def _batch_starts(n: int, batch_size: int) -> list[int]:
    """Where batches start, except the first.

    >>> _batch_starts(6, 2), _batch_starts(7, 2), _batch_starts(5, 8)
    ([2, 4], [2, 4], [])
    """
    starts = list(range(batch_size, n, batch_size))
    if starts and starts[-1] == n - 1:
        starts.pop()
    return starts


def _check_batches(network: nn.Module, batch_starts: list[int]) -> None:
    one = bool(batch_starts) and batch_starts[0] == 1
    if one and any(isinstance(module, _BatchNorm) for module in network.modules()):
        raise UserError("batch_size must be at least 2 for a model with batch normalisation, got 1")


@contextlib.contextmanager
def _reproducible(seed: int, device: torch.device, settings: TrainingSettings) -> Iterator[None]:
    """Seed dropout, use deterministic kernels of the precision that was asked for, and leave the
    caller's generators and settings as they were.

    Raises ``UserError`` if the device does not have the precision.
    """
    cuda = [device] if device.type == "cuda" else []
    tf32 = settings.precision == "tf32"
    if tf32 and not cuda:
        raise UserError(f"precision tf32 needs a CUDA device, got device {str(device)!r}")
    before = torch.get_float32_matmul_precision()
    with (
        torch.random.fork_rng(devices=cuda),
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=tf32
        ),
    ):
        torch.manual_seed(seed)
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
