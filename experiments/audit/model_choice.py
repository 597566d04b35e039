"""The model of an audit and its training settings: those of a trial, with smaller batches for small
sets and fewer epochs for large ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Integral
from typing import Final

from common.dataset import Dataset
from common.errors import UserError
from experiments.training.build import check_weights, missing_weights
from experiments.training.context import TrialContext
from experiments.training.settings import settings_for
from models import MODELS
from models.base import TrainingSettings

DEFAULT_MODELS: Final = {"image": "efficientnet_lite0", "tabular": "mlp"}
"""By modality."""
STEPS = 40
"""The least number of gradient steps per epoch: the batch size of a small set is reduced to reach
it, down to ``SMALLEST_BATCH``."""
SMALLEST_BATCH = 8
PASSES = 1_000_000
"""The number of samples that a training on a large set sees: its epochs are reduced to reach it,
down to ``LEAST_EPOCHS``."""
LEAST_EPOCHS = 3


@dataclass(frozen=True)
class ModelChoice:
    """A registered model, its training settings, and the seed of all randomness."""

    model: str
    settings: TrainingSettings
    seed: int = 0

    def with_seed(self, seed: int) -> ModelChoice:
        """The same choice with another seed."""
        return replace(self, seed=seed)


def choose_model(
    data: Dataset,
    context: TrialContext,
    model: str | None = None,
    seed: int = 0,
    learning_rate: float | None = None,
) -> ModelChoice:
    """The model and settings for a training set.

    Args:
        data: the training set.
        context: where weights are looked for, or downloaded to, and the device.
        model: a registered name or ``timm:NAME``; by default one that needs no download.
        seed: of all randomness.
        learning_rate: by default that of the model's settings.

    Raises:
        UserError: the model is for other data, its weights cannot be had, or the seed is negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise UserError(f"seed must be a whole number of at least 0, got {seed!r}")
    name = model or DEFAULT_MODELS[data.modality]
    family = MODELS[name]
    if data.modality not in family.modalities:
        raise UserError(
            f"model {name!r} is for {' and '.join(sorted(family.modalities))} data, but "
            f"{data.name!r} is {data.modality}"
        )
    settings = settings_for(name, data.name)
    if missing_weights(name, settings, context):
        check_weights(name, context)  # downloads them
    batch = min(settings.batch_size, max(SMALLEST_BATCH, len(data) // STEPS))
    rate = settings.learning_rate if learning_rate is None else learning_rate
    if not (isfinite(rate) and rate > 0):
        raise UserError(f"learning_rate must be positive and finite, got {rate}")
    epochs = min(settings.epochs, max(LEAST_EPOCHS, PASSES // max(1, len(data))))
    settings = replace(settings, epochs=epochs, batch_size=batch, learning_rate=rate)
    return ModelChoice(name, settings, seed)
