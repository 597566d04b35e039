"""How each model is trained on each dataset: the one place to read and to change it.

Pretrained models on images: the settings that the authors of the paper published. All others were
chosen by accuracy on clean validation data; ``docs/settings.md`` holds the candidates and their
accuracies. A pair that is not listed takes the defaults of its model.
"""

from __future__ import annotations

from models import MODELS
from models.base import TrainingSettings


def _published(
    epochs: int, learning_rate: float, *, keep_classifier: bool = False
) -> TrainingSettings:
    return TrainingSettings(epochs, 128, learning_rate, True, keep_classifier)


def _chosen(batch_size: int, learning_rate: float) -> TrainingSettings:
    return TrainingSettings(10, batch_size, learning_rate)


SETTINGS: dict[tuple[str, str], TrainingSettings] = {
    ("resnet20", "mnist"): _published(7, 0.1),
    ("resnet20", "fashion_mnist"): _published(7, 0.1),
    # its weights come from CIFAR-10: the paper continues their training (section 4)
    ("resnet20", "cifar10"): _published(7, 0.01, keep_classifier=True),
    ("convnext_tiny", "mnist"): _published(2, 0.05),
    ("convnext_tiny", "fashion_mnist"): _published(4, 0.1),
    ("convnext_tiny", "cifar10"): _published(3, 0.1),
    ("vit_b16", "mnist"): _published(2, 0.1),
    ("vit_b16", "fashion_mnist"): _published(2, 0.1),
    ("vit_b16", "cifar10"): _published(4, 0.1),
    ("resnet20", "digits"): _chosen(64, 0.1),
    ("small_convnet", "digits"): _chosen(64, 0.3),
    ("small_convnet", "mnist"): _chosen(64, 0.1),
    ("mlp", "digits_table"): _chosen(16, 0.1),
    ("mlp", "breast_cancer"): _chosen(16, 0.1),
    ("mlp", "wine"): _chosen(8, 0.03),
    ("mlp", "covertype"): _chosen(64, 0.3),
    ("mlp", "jannis"): _chosen(128, 0.1),
    ("tabular_resnet", "digits_table"): _chosen(16, 0.1),
    ("tabular_resnet", "breast_cancer"): _chosen(32, 0.03),
    ("tabular_resnet", "wine"): _chosen(16, 0.3),
    ("tabular_resnet", "covertype"): _chosen(64, 0.3),
    ("tabular_resnet", "jannis"): _chosen(32, 0.01),
    ("ft_transformer", "breast_cancer"): _chosen(16, 0.01),
    ("ft_transformer", "wine"): _chosen(8, 0.03),
    ("ft_transformer", "covertype"): _chosen(32, 0.01),
    ("ft_transformer", "jannis"): _chosen(32, 0.01),
}


def settings_for(model: str, dataset: str) -> TrainingSettings:
    """The settings of this pair, or the model's defaults."""
    return SETTINGS.get((model, dataset), MODELS[model].defaults)
