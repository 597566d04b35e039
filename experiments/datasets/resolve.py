"""From the name or path in a spec to the source of the data."""

from __future__ import annotations

from experiments.datasets import DATASETS
from experiments.datasets.base import DatasetSource


def source_for(dataset: str) -> DatasetSource:
    """The registered source of that name.

    Raises ``UserError`` naming the nearest known dataset.
    """
    return DATASETS[dataset]
