"""How the model of an audit is trained: as in a trial, unless the set is small."""

from __future__ import annotations

from dataclasses import dataclass, replace

from common.dataset import Dataset
from common.errors import UserError
from experiments.training.build import missing_weights
from experiments.training.context import TrialContext
from experiments.training.settings import settings_for
from models import MODELS
from models.base import TrainingSettings

IMAGE_MODELS = ("resnet20", "small_convnet")
"""In the order of preference; a model whose weights are not here is passed over."""
TABLE_MODEL = "mlp"
STEPS = 40
"""Steps an epoch, at least, for sets that are smaller than the settings were made for."""
SMALLEST_BATCH = 8


@dataclass(frozen=True)
class Recipe:
    """A model, how it is trained, and the seed of everything random."""

    model: str
    settings: TrainingSettings
    seed: int = 0

    def with_seed(self, seed: int) -> Recipe:
        """The same under another seed."""
        return replace(self, seed=seed)


def recipe_for(
    data: Dataset,
    context: TrialContext,
    model: str | None = None,
    seed: int = 0,
    learning_rate: float | None = None,
) -> Recipe:
    """The recipe for a training set.

    Args:
        data: the set.
        context: where weights may lie.
        model: registered name; by default the best one that can be built here.
        seed: of everything random.
        learning_rate: η; default that of the settings.

    Raises:
        UserError: a model for other data, or without its weights.
    """
    name = model or _default_model(data, context)
    family = MODELS[name]
    if data.modality not in family.modalities:
        raise UserError(
            f"model {name!r} is for {' and '.join(sorted(family.modalities))} data, however "
            f"{data.name!r} is {data.modality}"
        )
    settings = settings_for(name, data.name)
    lacking = missing_weights(name, settings, context)
    if lacking:
        raise UserError(f"model {name!r} lacks {lacking}")
    batch = min(settings.batch_size, max(SMALLEST_BATCH, len(data) // STEPS))
    rate = settings.learning_rate if learning_rate is None else learning_rate
    return Recipe(name, replace(settings, batch_size=batch, learning_rate=rate), seed)


def _default_model(data: Dataset, context: TrialContext) -> str:
    if data.modality == "tabular":
        return TABLE_MODEL
    return next(
        name
        for name in IMAGE_MODELS
        if not missing_weights(name, settings_for(name, data.name), context)
    )
