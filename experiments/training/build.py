"""Building models: the one place that knows what a model family asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from common.dataset import Dataset
from experiments.training.context import TrialContext
from models import MODELS
from models.base import BuildContext, Model, TrainingSettings

_ANY_SHAPE = (32, 32, 3)
_ANY_CLASSES = 10


class ModelSpec(Protocol):
    """What determines a trained model, up to its data; the spec of a trial is one."""

    @property
    def model(self) -> str:
        """Registered name."""
        ...

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        ...

    @property
    def settings(self) -> TrainingSettings:
        """How the model is trained."""
        ...


def build(spec: ModelSpec, context: TrialContext, data: Dataset) -> Model:
    """An untrained model for such data, random parts drawn from torch's global generator.

    Raises ``UserError`` where the model does not fit the data, or its weights are missing or
    altered.
    """
    shape, classes = data.x.shape[1:], data.n_classes
    return MODELS[spec.model].build(_build_context(spec.settings, context, shape, classes))


def missing_weights(model: str, settings: TrainingSettings, context: TrialContext) -> str | None:
    """What is missing to build the model here, and where it would go; ``None`` if nothing."""
    return MODELS[model].missing(_build_context(settings, context, _ANY_SHAPE, _ANY_CLASSES))


def check_weights(model: str, context: TrialContext) -> None:
    """Raise ``UserError`` where the published weights of a model are missing or altered."""
    pretrained = replace(MODELS[model].defaults, pretrained=True)
    on_cpu = replace(context, device="cpu")
    MODELS[model].build(_build_context(pretrained, on_cpu, _ANY_SHAPE, _ANY_CLASSES))


def _build_context(
    settings: TrainingSettings, context: TrialContext, shape: tuple[int, ...], n_classes: int
) -> BuildContext:
    return BuildContext(
        shape,
        n_classes,
        settings.pretrained,
        context.data_root,
        context.device,
        settings.keep_classifier,
    )
