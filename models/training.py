"""Training by plain SGD, with the trace taken on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from common.errors import UserError
from influence.record import Checkpoints, TrainingRecord
from influence.trace import Samples, Trace
from models.base import Network, TrainingSettings

EVALUATION_CHUNK = (64, 256)
"""Samples a forward pass without gradients, at least and at most; else as many as in training."""


def fit(  # noqa: PLR0913, PLR0917  # two sets of samples, what to do, and where
    network: Network,
    x_train: Tensor,
    y_train: NDArray[np.int64],
    x_validation: Tensor,
    y_validation: NDArray[np.int64],
    settings: TrainingSettings,
    *,
    seed: int,
    device: str = "cpu",
) -> TrainingRecord:
    """Train ``network`` in place and record what the influence of its last layer needs.

    SGD without momentum or weight decay on the cross-entropy (paper, section 4). The order of the
    samples is drawn anew each epoch; a last batch of a single sample joins the one before it, since
    batch normalisation cannot tell the spread of one. At the end of each epoch one pass in eval
    mode over both sets keeps inputs and outputs of the last layer. On the CPU, for equal
    seed, settings and number of threads, every bit of the record is the same.

    Args:
        network: body and head; left in eval mode, on ``device``, as it is after the last epoch.
        x_train: inputs of the body, (n, ...) float32, on the CPU.
        y_train: (n,) int64 in 0 .. C - 1.
        x_validation: (m, ...) float32.
        y_validation: (m,) int64.
        settings: epochs, batch size and learning rate.
        seed: of the order of the samples and of dropout; torch's global generators are left alone.
        device: torch device string.

    Returns:
        The trace of all epochs and the checkpoints, in CPU memory. Where the body has nothing to
        train or to track, every epoch lists the same array of last-layer inputs.

    Raises:
        UserError: where training diverges, or a batch of one meets batch normalisation.
    """
    target = torch.device(device)
    network.to(target)
    on_device = x_train.to(target), x_validation.to(target)
    recorders = [_Recorder(network, x, _chunk(settings)) for x in on_device]
    states: list[dict[str, Tensor]] = []

    with _own_randomness(seed, target):
        for epoch in _epochs(network, on_device[0], y_train, settings, seed):
            for recorder in recorders:
                if not recorder.record():
                    raise _diverged(epoch, settings)
            states.append({k: v.detach().cpu().clone() for k, v in network.state_dict().items()})

    train, validation = (
        recorder.samples(y) for recorder, y in zip(recorders, (y_train, y_validation), strict=True)
    )
    rates = np.full(settings.epochs, settings.learning_rate)
    trace = Trace(train, validation, rates, bias=network.head.bias is not None)
    return TrainingRecord(trace, Checkpoints(network, states, x_train, x_validation), device)


def predict_after_training(  # noqa: PLR0913  # as fit
    network: Network,
    x_train: Tensor,
    y_train: NDArray[np.int64],
    x_validation: Tensor,
    settings: TrainingSettings,
    *,
    seed: int,
    device: str = "cpu",
) -> NDArray[np.int64]:
    """Train as :func:`fit` does, without its record, and predict: about half the work.

    Returns:
        The class of each validation sample by the last checkpoint, (m,).

    Raises:
        UserError: as :func:`fit`.
    """
    target = torch.device(device)
    network.to(target)
    with _own_randomness(seed, target):
        for _ in _epochs(network, x_train.to(target), y_train, settings, seed):
            pass
        recorder = _Recorder(network, x_validation.to(target), _chunk(settings))
        if not recorder.record():
            raise _diverged(settings.epochs, settings)
    return np.asarray(recorder.last_logits.argmax(axis=1), dtype=np.int64)


def _epochs(
    network: Network,
    x: Tensor,
    y: NDArray[np.int64],
    settings: TrainingSettings,
    seed: int,
) -> Iterator[int]:
    """Train one epoch after the other, counted from 1; the network is in eval mode after each."""
    _check_batches(network, _batch_starts(len(x), settings.batch_size))
    labels = torch.from_numpy(np.ascontiguousarray(y)).to(x.device)
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=settings.learning_rate)
    for epoch, batches in enumerate(epoch_batches(len(labels), settings, seed), start=1):
        network.train()
        for batch in (positions.to(x.device) for positions in batches):
            optimizer.zero_grad()
            # index_select: several times faster than indexing
            loss = cross_entropy(network(x.index_select(0, batch)), labels.index_select(0, batch))
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
        network.eval()
        yield epoch


def _diverged(epoch: int, settings: TrainingSettings) -> UserError:
    return UserError(
        f"training diverged in epoch {epoch} of {settings.epochs} at learning rate "
        f"{settings.learning_rate:g}: the outputs are not finite; use a smaller one"
    )


def _chunk(settings: TrainingSettings) -> int:
    return int(np.clip(settings.batch_size, *EVALUATION_CHUNK))


def epoch_batches(n: int, settings: TrainingSettings, seed: int) -> Iterator[tuple[Tensor, ...]]:
    """The batches of each epoch, as positions among n training samples, int64 on the CPU."""
    order = torch.Generator().manual_seed(seed)
    starts = _batch_starts(n, settings.batch_size)
    for _ in range(settings.epochs):
        yield torch.randperm(n, generator=order).tensor_split(starts)


class _Recorder:
    """Keeps last-layer inputs and logits of one set of samples, epoch by epoch."""

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
        """What was kept, (T, n, ...)."""
        return Samples(self._inputs, np.stack(self._logits), np.asarray(labels, dtype=np.int64))


def _batch_starts(n: int, batch_size: int) -> list[int]:
    """Where batches start, the first one left out.

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
        raise UserError(
            "batch_size must be at least 2 for a model with batch normalisation, however: 1"
        )


@contextlib.contextmanager
def _own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Dropout from ``seed``, deterministic kernels, and the caller's generators as they were."""
    cuda = [device] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=cuda),
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ),
    ):
        torch.manual_seed(seed)
        yield
