"""The interface of a model: frozen layers, a trained body and a linear last layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from common.dataset import Modality
from common.errors import UserError, unknown_name

PRECISIONS = ("float32", "tf32")


@dataclass(frozen=True)
class TrainingSettings:
    """Hyperparameters of plain SGD on the cross-entropy, without momentum or weight decay.

    Attributes:
        epochs: number of epochs T; a checkpoint is taken at the end of each.
        batch_size: samples per step.
        learning_rate: η, constant.
        pretrained: whether to start from published weights instead of random ones.
        keep_classifier: whether to start from the published classifier too, on the classes that it
            was trained on, instead of a new one.
        precision: of the matrix products of training, one of ``PRECISIONS``; ``tf32`` rounds their
            factors to 10 bits of mantissa and needs a CUDA device.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    pretrained: bool = False
    keep_classifier: bool = False
    precision: str = PRECISIONS[0]

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UserError(f"epochs must be at least 1, got {self.epochs}")
        if self.batch_size < 1:
            raise UserError(f"batch_size must be at least 1, got {self.batch_size}")
        if not 0 < self.learning_rate < float("inf"):
            raise UserError(f"learning_rate must be positive and finite, got {self.learning_rate}")
        if self.keep_classifier and not self.pretrained:
            raise UserError("keep_classifier needs pretrained=true, got pretrained=false")
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)


@dataclass(frozen=True)
class FrozenOutputs:
    """Outputs of the frozen layers for n samples, in eval mode.

    Attributes:
        features: inputs of the trained body, (n, ...) float32.
        stages: pooled outputs of the network's stages by name, each (n, d_s) float32.
    """

    features: NDArray[np.float32]
    stages: Mapping[str, NDArray[np.float32]]


class Frozen(Protocol):
    """The layers that are not trained, as a function of raw samples."""

    @property
    def key(self) -> str:
        """Identifies weights and preprocessing: equal keys give equal outputs."""
        ...

    def __call__(self, x: NDArray[np.generic]) -> FrozenOutputs:
        """Features and stages of raw samples (n, ...), from one forward pass."""
        ...


class Network(nn.Module):
    """The trained part of a model: ``head(body(inputs))``.

    Attributes:
        body: maps its inputs to (n, d); the identity if only the classifier is trained.
        head: the last layer, linear with bias, (n, d) to (n, C) logits.
    """

    body: nn.Module
    head: nn.Linear

    def __init__(self, body: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        if not isinstance(head, nn.Linear):
            raise UserError(f"the last layer must be nn.Linear, got {type(head).__name__}")
        self.body = body
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(inputs))
        return logits


def as_tensor(x: NDArray[np.generic]) -> Tensor:
    """A copy of the samples as a float32 tensor."""
    return torch.from_numpy(np.array(x, dtype=np.float32))


@dataclass(frozen=True)
class Model:
    """A model ready to be trained.

    Attributes:
        network: body and head, their random parts drawn from torch's global generator.
        frozen: the frozen layers before the body, if any.
        inputs: for a model without frozen layers, maps raw samples (tables: standardised) to the
            input of the body, (n, ...) float32.
    """

    network: Network
    frozen: Frozen | None = None
    inputs: Callable[[NDArray[np.generic]], Tensor] = as_tensor


@dataclass(frozen=True)
class BuildContext:
    """Arguments for building a model.

    Attributes:
        input_shape: shape of one raw sample, (height, width, channels) or (d,).
        n_classes: C.
        pretrained: whether to start from published weights instead of random ones.
        weights_root: directory of weight files (the data root); default the user's cache folder.
        device: torch device string of the frozen layers.
        keep_classifier: whether to start from the published classifier too.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    pretrained: bool
    weights_root: Path | None = None
    device: str = "cpu"
    keep_classifier: bool = False


class ModelFamily(Protocol):
    """One architecture."""

    @property
    def modalities(self) -> frozenset[Modality]:
        """The kinds of data that it takes."""
        ...

    @property
    def defaults(self) -> TrainingSettings:
        """Settings for a dataset that ``experiments/training/settings.py`` does not list."""
        ...

    def missing(self, context: BuildContext) -> str | None:
        """The file that is missing to build the model, and its source; ``None`` if none is."""
        ...

    def build(self, context: BuildContext) -> Model:
        """A new model, its random parts drawn from torch's global generator, which callers seed."""
        ...


@dataclass(frozen=True)
class ScratchFamily:
    """A family without published weights, always trained from scratch.

    Attributes:
        modality: the kind of data that it takes.
        defaults: see :class:`ModelFamily`.
        model: builds the model.
    """

    modality: Modality
    defaults: TrainingSettings
    model: Callable[[BuildContext], Model]

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({self.modality})

    def missing(self, context: BuildContext) -> str | None:
        return None

    def build(self, context: BuildContext) -> Model:
        if context.pretrained:
            raise UserError("pretrained must be false for a model trained from scratch, got true")
        return self.model(context)
