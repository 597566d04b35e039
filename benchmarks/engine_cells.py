"""Traces and records to measure on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from experiments.training.context import TrialContext
from experiments.training.prepare import prepare
from experiments.trial.load import load_dataset
from experiments.trial.resolve import resolve
from experiments.trial.split import draw_subset, split
from influence.record import Checkpoints, TrainingRecord
from influence.trace import Samples, Trace
from models.backbone import FrozenBackbone
from models.base import Network, TrainingSettings
from models.resnet20 import ResNet20
from models.training import LabelledInputs, fit


@dataclass(frozen=True)
class Cell:
    """Sizes of a trace: n training and m validation samples, d inputs, C classes, T epochs."""

    n: int
    m: int
    d: int
    classes: int = 10
    epochs: int = 7
    constant: bool = False

    @property
    def pairs(self) -> int:
        return self.n * self.m * self.epochs

    def __str__(self) -> str:
        change = "never change" if self.constant else "change at every epoch"
        return f"{self.n:,} × {self.m:,}, d = {self.d}, T = {self.epochs}, inputs {change}"


def synthetic_trace(cell: Cell, seed: int = 0) -> Trace:
    """A trace of non-negative inputs, as after a ReLU, and logits that favour the given label."""
    rng = np.random.default_rng(seed)

    def samples(count: int) -> Samples:
        def inputs() -> np.ndarray:
            drawn = rng.standard_normal((count, cell.d), dtype=np.float32)
            return np.abs(drawn, out=drawn)

        first = inputs()
        later = range(cell.epochs - 1)
        labels = rng.integers(0, cell.classes, count)
        logits = rng.standard_normal((cell.epochs, count, cell.classes), dtype=np.float32)
        logits[:, np.arange(count), labels] += np.linspace(1, 5, cell.epochs)[:, None]
        return Samples(
            [first, *(first if cell.constant else inputs() for _ in later)], logits, labels
        )

    return Trace(samples(cell.n), samples(cell.m), np.full(cell.epochs, 0.1))


def head_record(cell: Cell, seed: int = 0) -> TrainingRecord:
    """A record of a linear layer on inputs that never change: features are given."""
    torch.manual_seed(seed)
    network = Network(nn.Identity(), nn.Linear(cell.d, cell.classes))
    states = []
    for _ in range(cell.epochs):
        nn.init.normal_(network.head.weight, std=2 / cell.d**0.5)
        states.append(copy.deepcopy(network.state_dict()))
    x = [torch.randn(count, cell.d).abs() for count in (cell.n, cell.m)]
    y = [torch.randint(0, cell.classes, (count,)).numpy() for count in (cell.n, cell.m)]
    checkpoints = Checkpoints(network, states, *x)
    rates = np.full(cell.epochs, 0.1)
    return TrainingRecord(trace_of(checkpoints, y[0], y[1], rates), checkpoints)


@torch.no_grad()
def trace_of(
    checkpoints: Checkpoints, y_train: np.ndarray, y_validation: np.ndarray, rates: np.ndarray
) -> Trace:
    """The trace by forward passes over stored checkpoints."""
    sides = []
    body, head = (checkpoints.network.get_submodule(name) for name in ("body", "head"))
    fixed = not body.state_dict()
    for x, y in ((checkpoints.x_train, y_train), (checkpoints.x_validation, y_validation)):
        inputs: list[np.ndarray] = []
        logits = []
        for epoch in range(1, len(checkpoints.states) + 1):
            checkpoints.at(epoch)
            h = torch.cat([body(part) for part in torch.split(x, 256)])
            inputs.append(inputs[0] if inputs and fixed else h.numpy())
            logits.append(head(h).numpy())
        sides.append(Samples(inputs, np.stack(logits), y))
    return Trace(sides[0], sides[1], rates)


@dataclass(frozen=True)
class ResNetCell:
    """ResNet-20 on a tenth of MNIST as in the paper, n = 4,800 and m = 1,200.

    Attributes:
        name: for the table.
        record: of the trained part, on the outputs of the frozen part.
        whole: of the whole network at the first checkpoint, on images; ``None`` without a data
            root.
        frozen: computes the outputs of the frozen layers for all images.
    """

    name: str
    record: TrainingRecord
    whole: TrainingRecord | None = None
    frozen: Callable[[], object] | None = None


class WholeBody(nn.Module):
    """Frozen and trained layers, in eval mode."""

    def __init__(self, frozen: nn.Module, trained: nn.Module) -> None:
        super().__init__()
        self.frozen, self.trained = frozen, trained

    def forward(self, images: Tensor) -> Tensor:
        features, _ = self.frozen(images)
        logits: Tensor = self.trained(features)
        return logits


def resnet20_cell() -> ResNetCell:
    """The cell; without a data root, the last block with random weights on random inputs."""
    context = TrialContext.from_environment()
    if context.data_root is None:
        return ResNetCell("ResNet-20's last block, random inputs", _random_block_record())
    spec = resolve({"dataset": "mnist", "model": "resnet20", "glitch": "none"}, None)
    pool = draw_subset(load_dataset(spec, context), spec.subset, spec.seed)
    train, validation = split(pool, spec.seed)
    prepared = prepare(spec, context, train, validation, pool)
    network, backbone = prepared.model.network, prepared.model.frozen
    assert isinstance(backbone, FrozenBackbone)  # noqa: S101  # of pretrained ResNet-20
    record = fit(network, prepared.train, prepared.validation, spec.settings, seed=spec.seed)
    whole = Network(WholeBody(backbone.load().requires_grad_(False), network.body), network.head)
    record.checkpoints.at(1)
    states = [copy.deepcopy(whole.state_dict())]
    images = [backbone.preprocessing(data.x) for data in (train, validation)]
    return ResNetCell(
        "ResNet-20, MNIST",
        record,
        TrainingRecord(_first_epoch(record.trace), Checkpoints(whole, states, *images)),
        lambda: [backbone(data.x) for data in (train, validation)],
    )


def first_checkpoint(record: TrainingRecord) -> TrainingRecord:
    """The record of the first epoch only."""
    known = record.checkpoints
    kept = Checkpoints(known.network, known.states[:1], known.x_train, known.x_validation)
    return TrainingRecord(_first_epoch(record.trace), kept)


def _first_epoch(trace: Trace) -> Trace:
    sides = [
        Samples(side.inputs[:1], side.logits[:1], side.labels)
        for side in (trace.train, trace.validation)
    ]
    return Trace(sides[0], sides[1], trace.learning_rates[:1])


def _random_block_record() -> TrainingRecord:
    torch.manual_seed(0)
    resnet = ResNet20()
    network = Network(nn.Sequential(resnet.layer3[-1], resnet.pool), nn.Linear(64, 10))
    x_train, x_validation = (torch.rand(count, 64, 8, 8) for count in (4_800, 1_200))
    train, validation = (
        LabelledInputs(x, torch.randint(0, 10, (len(x),)).numpy()) for x in (x_train, x_validation)
    )
    return fit(network, train, validation, TrainingSettings(7, 128, 0.1), seed=0)
