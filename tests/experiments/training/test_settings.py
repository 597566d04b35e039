"""The settings table: its names, and the published values."""

import pytest

from experiments.datasets import DATASETS
from experiments.training.settings import SETTINGS, settings_for
from models import MODELS
from models.base import TrainingSettings


@pytest.mark.parametrize(("model", "dataset"), SETTINGS)
def test_pairs_are_registered_and_fit(model: str, dataset: str) -> None:
    assert DATASETS[dataset].modality in MODELS[model].modalities


@pytest.mark.parametrize(
    ("model", "dataset", "epochs", "learning_rate"),
    [
        ("resnet20", "mnist", 7, 0.1),
        ("resnet20", "fashion_mnist", 7, 0.1),
        ("resnet20", "cifar10", 7, 0.01),
        ("convnext_tiny", "mnist", 2, 0.05),
        ("convnext_tiny", "fashion_mnist", 4, 0.1),
        ("convnext_tiny", "cifar10", 3, 0.1),
        ("vit_b16", "mnist", 2, 0.1),
        ("vit_b16", "fashion_mnist", 2, 0.1),
        ("vit_b16", "cifar10", 4, 0.1),
    ],
)
def test_published_settings(model: str, dataset: str, epochs: int, learning_rate: float) -> None:
    continued = (model, dataset) == ("resnet20", "cifar10")
    expected = TrainingSettings(epochs, 128, learning_rate, True, keep_classifier=continued)
    assert settings_for(model, dataset) == expected


def test_tables_are_trained_for_ten_epochs() -> None:
    for model in ("mlp", "tabular_resnet", "ft_transformer"):
        for dataset in ("jannis", "covertype", "epsilon"):
            assert settings_for(model, dataset).epochs == 10


def test_pair_that_is_not_listed_takes_the_defaults() -> None:
    assert settings_for("mlp", "own/table.csv") is MODELS["mlp"].defaults
