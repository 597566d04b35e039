"""Drawing the subset and splitting it (paper, section 4): both stratified, both seeded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from common.dataset import Dataset
from common.errors import UserError
from common.seeds import derive_seed, generator

VALIDATION_SHARE = 0.2
SKLEARN_SEEDS = 2**32


def draw_subset(dataset: Dataset, share: float, seed: int) -> Dataset:
    """A stratified share of the dataset, in random order.

    The draw depends only on the dataset and ``seed``, that of the trial, so that trials that differ
    in model or glitch share it.
    """
    if share == 1.0:
        return dataset
    kept, _ = _stratified(dataset, "subset", seed, train_size=share)
    return dataset.take(kept)


def split(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """The training set, 80 %, and the validation set, 20 %, stratified.

    Samples that the user has marked as glitches are left out of the validation set.
    """
    train, validation = _stratified(dataset, "split", seed, test_size=VALIDATION_SHARE)
    if dataset.known_glitch is not None:
        validation = validation[~dataset.known_glitch[validation]]
    return dataset.take(train), dataset.take(validation)


def with_wrong_labels(validation: Dataset, share: float, seed: int) -> Dataset:
    """The validation set with ``share`` of its labels changed to another class, uniformly.

    The paper uses a clean validation set, a share of zero.
    """
    rng = generator(seed, "validation_noise")
    wrong = rng.choice(len(validation), int(share * len(validation)), replace=False)
    y = validation.y.copy()
    y[wrong] = (y[wrong] + rng.integers(1, validation.n_classes, len(wrong))) % validation.n_classes
    return replace(validation, y=y)


def _stratified(
    dataset: Dataset, step: str, seed: int, **size: float
) -> tuple[np.ndarray, np.ndarray]:
    counts = np.bincount(dataset.y, minlength=dataset.n_classes)
    for name, count in zip(dataset.class_names, counts, strict=True):
        if count < 2:
            raise UserError(
                f"dataset {dataset.name!r}: a stratified split needs at least 2 samples of each "
                f"class, got {count} of class {name!r}"
            )
    rows = np.arange(len(dataset))
    try:
        first, second = train_test_split(
            rows,
            stratify=dataset.y,
            random_state=derive_seed(seed, step) % SKLEARN_SEEDS,
            **size,
        )
    except ValueError as error:
        raise UserError(f"dataset {dataset.name!r} is too small to {step}: {error}") from error
    return first, second
