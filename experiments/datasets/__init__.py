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
        "cifar10n_aggregate": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_AGGREGATE", "CIFAR-10N, aggregate"
        ),
        "cifar10n_random1": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_RANDOM1", "CIFAR-10N, annotator 1"
        ),
        "cifar10n_random2": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_RANDOM2", "CIFAR-10N, annotator 2"
        ),
        "cifar10n_random3": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_RANDOM3", "CIFAR-10N, annotator 3"
        ),
        "cifar10n_worst": Entry(f"{_PACKAGE}.human_labels:CIFAR10N_WORST", "CIFAR-10N, worst"),
        "cifar10h": Entry(f"{_PACKAGE}.human_labels:CIFAR10H_VOTES", "CIFAR-10H"),
        "cifar10n_part_random1": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_PART_RANDOM1", "CIFAR-10N (part), annotator 1"
        ),
        "cifar10n_part_random2": Entry(
            f"{_PACKAGE}.human_labels:CIFAR10N_PART_RANDOM2", "CIFAR-10N (part), annotator 2"
        ),
        "cifar10h_part": Entry(f"{_PACKAGE}.human_labels:CIFAR10H_PART", "CIFAR-10H (part)"),
        "covertype": Entry(f"{_PACKAGE}.covertype:COVERTYPE", "Forest Cover"),
        "jannis": Entry(f"{_PACKAGE}.jannis:JANNIS", "Jannis"),
        "epsilon": Entry(f"{_PACKAGE}.epsilon:EPSILON", "Epsilon"),
    },
)
