"""Datasets: one file per source."""

from common.registry import Registry
from experiments.datasets.base import DatasetSource

DATASETS: Registry[DatasetSource] = Registry(
    "dataset",
    {
        "digits": "experiments.datasets.bundled:DIGITS",
        "digits_table": "experiments.datasets.bundled:DIGITS_TABLE",
        "breast_cancer": "experiments.datasets.bundled:BREAST_CANCER",
        "wine": "experiments.datasets.bundled:WINE",
        "photo_patches": "experiments.datasets.bundled:PHOTO_PATCHES",
        "mnist": "experiments.datasets.torchvision_images:MNIST",
        "fashion_mnist": "experiments.datasets.torchvision_images:FASHION_MNIST",
        "cifar10": "experiments.datasets.cifar10:CIFAR10",
        "covertype": "experiments.datasets.covertype:COVERTYPE",
        "jannis": "experiments.datasets.jannis:JANNIS",
        "epsilon": "experiments.datasets.epsilon:EPSILON",
    },
)
