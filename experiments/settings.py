"""How each model is trained on each dataset: the one place to read and to change it.

Images: settings published by the paper's authors. Embedded sets: chosen by accuracy on clean
validation data. A pair that is not listed takes the family's defaults.
"""

from __future__ import annotations

from models import MODELS
from models.base import TrainingSettings

SETTINGS: dict[tuple[str, str], TrainingSettings] = {
    ("resnet20", "mnist"): TrainingSettings(7, 128, 0.1, pretrained=True),
    ("resnet20", "fashion_mnist"): TrainingSettings(7, 128, 0.1, pretrained=True),
    ("resnet20", "digits"): TrainingSettings(15, 32, 0.1),
    ("mlp", "digits_table"): TrainingSettings(10, 32, 0.1),
    ("mlp", "breast_cancer"): TrainingSettings(10, 16, 0.05),
    ("mlp", "wine"): TrainingSettings(10, 8, 0.05),
    ("mlp", "covertype"): TrainingSettings(10, 128, 0.1),
}


def settings_for(model: str, dataset: str) -> TrainingSettings:
    """The settings of this pair, or the model's defaults."""
    return SETTINGS.get((model, dataset), MODELS[model].defaults)
