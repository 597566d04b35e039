"""Every registered dataset keeps the rules."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from dataset_conformance import check_conformance

from common.dataset import Dataset, Modality
from experiments.datasets import DATASETS
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for


@pytest.mark.parametrize("name", DATASETS)
def test_without_a_data_root(name: str) -> None:
    check_conformance(name, DataOptions())


@pytest.mark.parametrize("name", DATASETS)
def test_with_an_empty_data_root(name: str, tmp_path: Path) -> None:
    check_conformance(name, DataOptions(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif("INFLUENCE_DATA_ROOT" not in os.environ, reason="needs a data root")
@pytest.mark.parametrize("name", DATASETS)
def test_with_the_data_root_at_hand(name: str) -> None:
    check_conformance(name, DataOptions(Path(os.environ["INFLUENCE_DATA_ROOT"])))


@dataclass(frozen=True)
class Stripes:
    """A toy dataset: dark and light images."""

    modality: Modality = "image"
    subset: float = 1.0
    foreign: str | None = "photo_patches"

    def missing(self, options: DataOptions) -> str | None:
        return None

    def load(self, options: DataOptions) -> Dataset:
        y = np.arange(20) % 2
        x = np.full((20, 4, 4, 1), 200, np.uint8) * y[:, None, None, None].astype(np.uint8)
        return Dataset("stripes", "image", x, y, ("dark", "light"), np.arange(20))


STRIPES = Stripes()


class Misnamed(Stripes):
    """Calls itself otherwise than its registry line."""

    def load(self, options: DataOptions) -> Dataset:
        return replace(super().load(options), name="other")


MISNAMED = Misnamed()


def test_a_dataset_is_one_object_and_one_registry_line() -> None:
    DATASETS.register("stripes", f"{__name__}:STRIPES")
    try:
        check_conformance("stripes", DataOptions())
        assert source_for("stripes", None) is STRIPES
    finally:
        DATASETS.unregister("stripes")


def test_the_rules_can_be_broken() -> None:
    DATASETS.register("misnamed", f"{__name__}:MISNAMED")
    try:
        with pytest.raises(AssertionError):
            check_conformance("misnamed", DataOptions())
    finally:
        DATASETS.unregister("misnamed")
