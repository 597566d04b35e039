"""What a model is: frozen layers, a trained body, and the linear last layer."""

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
from common.errors import UserError


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained: plain SGD, no momentum, no weight decay, cross-entropy.

    Attributes:
        epochs: number of epochs T; a checkpoint is taken at the end of each.
        batch_size: samples a step.
        learning_rate: η, constant.
        pretrained: start from published weights, or from random ones.
        keep_classifier: start from the published classifier too, to continue its training on the
            classes that it knows, instead of a new one.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    pretrained: bool = False
    keep_classifier: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UserError(f"epochs must be at least 1, however: {self.epochs}")
        if self.batch_size < 1:
            raise UserError(f"batch_size must be at least 1, however: {self.batch_size}")
        if not 0 < self.learning_rate < float("inf"):
            raise UserError(f"learning_rate must be positive, however: {self.learning_rate}")
        if self.keep_classifier and not self.pretrained:
            raise UserError("keep_classifier needs pretrained weights, however pretrained is false")


@dataclass(frozen=True)
class FrozenOutputs:
    """What frozen layers make of n samples, in eval mode.

    Attributes:
        features: inputs of the trained body, (n, ...) float32.
        stages: pooled outputs of the stages by name, each (n, d_s) float32.
    """

    features: NDArray[np.float32]
    stages: Mapping[str, NDArray[np.float32]]


class Frozen(Protocol):
    """The layers that training does not touch, as a function of raw samples."""

    @property
    def key(self) -> str:
        """Content key of weights and preprocessing: equal keys give equal outputs."""
        ...

    def __call__(self, x: NDArray[np.generic]) -> FrozenOutputs:
        """Features and stages of raw samples (n, ...), from one forward pass."""
        ...


class Network(nn.Module):
    """The trained part of a model: ``head(body(inputs))``.

    Attributes:
        body: maps its inputs to (n, d); the identity where only the classifier is trained.
        head: the last layer, linear with bias, (n, d) to (n, C) logits.
    """

    def __init__(self, body: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        if not isinstance(head, nn.Linear):
            raise UserError(f"the last layer must be nn.Linear, however: {type(head).__name__}")
        self.body = body
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(inputs))
        return logits


def as_tensor(x: NDArray[np.generic]) -> Tensor:
    """The samples as a float32 tensor of their own."""
    return torch.from_numpy(np.array(x, dtype=np.float32))


@dataclass(frozen=True)
class Model:
    """A model ready to be trained.

    Attributes:
        network: body and head, freshly initialised from the torch generator's state.
        frozen: the frozen layers before the body, if there are any.
        inputs: for a model without frozen layers, raw samples (standardised, for tables) as the
            body's input tensor, (n, ...) float32.
    """

    network: Network
    frozen: Frozen | None = None
    inputs: Callable[[NDArray[np.generic]], Tensor] = as_tensor


@dataclass(frozen=True)
class BuildContext:
    """What a family needs to build a model.

    Attributes:
        input_shape: shape of one raw sample, (height, width, channels) or (d,).
        n_classes: C.
        pretrained: published weights or random ones.
        weights_root: where weight files lie or are fetched to (``data_root``), if given.
        device: torch device string of the frozen layers.
        keep_classifier: start from the published classifier too.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    pretrained: bool
    weights_root: Path | None = None
    device: str = "cpu"
    keep_classifier: bool = False


def require_scratch(context: BuildContext) -> None:
    """For families without published weights: refuse to start from them."""
    if context.pretrained:
        raise UserError(
            "the model has no published weights: pretrained must be false, however: true"
        )


class ModelFamily(Protocol):
    """One architecture."""

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that it fits."""
        ...

    @property
    def defaults(self) -> TrainingSettings:
        """Settings for a dataset that ``experiments/training/settings.py`` does not list."""
        ...

    def missing(self, context: BuildContext) -> str | None:
        """What is missing to build the model here, and where it would go; ``None`` if nothing."""
        ...

    def build(self, context: BuildContext) -> Model:
        """The model, random parts drawn from torch's global generator (seeded by the caller)."""
        ...
