"""The registry of datasets: one file for each source."""

from common.registry import Entry, Registry
from experiments.datasets.base import DatasetSource

_PACKAGE = "experiments.datasets"

DATASETS: Registry[DatasetSource] = Registry(
    "dataset",
    {
        "digits": Entry(f"{_PACKAGE}.bundled:DIGITS", "Digits"),
        "digits_table": Entry(f"{_PACKAGE}.bundled:DIGITS_TABLE", "Digits (table)"),
        "breast_cancer": Entry(f"{_PACKAGE}.bundled:BREAST_CANCER", "Breast Cancer"),
        "wine": Entry(f"{_PACKAGE}.bundled:WINE", "Wine"),
        "photo_patches": Entry(f"{_PACKAGE}.bundled:PHOTO_PATCHES", "Photo Patches"),
        "mnist": Entry(f"{_PACKAGE}.torchvision_images:MNIST", "MNIST"),
        "fashion_mnist": Entry(f"{_PACKAGE}.torchvision_images:FASHION_MNIST", "Fashion-MNIST"),
        "cifar10": Entry(f"{_PACKAGE}.cifar10:CIFAR10", "CIFAR-10"),
        "covertype": Entry(f"{_PACKAGE}.covertype:COVERTYPE", "Forest Cover"),
        "jannis": Entry(f"{_PACKAGE}.jannis:JANNIS", "Jannis"),
        "epsilon": Entry(f"{_PACKAGE}.epsilon:EPSILON", "Epsilon"),
    },
)
