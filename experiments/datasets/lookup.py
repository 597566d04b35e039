"""From the name or path in a spec to the source of the data."""

from __future__ import annotations

import os
from pathlib import Path

from common.errors import UserError, unknown_name
from experiments.datasets import DATASETS
from experiments.datasets.base import DATA_ROOT_VARIABLE, DatasetSource
from experiments.datasets.user import source_at


def source_for(dataset: str) -> DatasetSource:
    """The registered source of that name, or the user's own data at that path.

    A relative path is looked up in the working directory, then in the data root that the
    environment names.

    Raises ``UserError`` naming the nearest known dataset, or what is wrong with the path.
    """
    if dataset in DATASETS:
        return DATASETS[dataset]
    path = _located(dataset)
    if path is not None:
        return source_at(dataset, path)
    if Path(dataset).suffix or len(Path(dataset).parts) > 1:
        root = os.environ.get(DATA_ROOT_VARIABLE)
        places = "" if root is None else f" and {root}"
        raise UserError(f"own data {dataset!r} is not there; looked in {Path.cwd()}{places}")
    raise UserError(f"{unknown_name('dataset', dataset, DATASETS)}; or a path to your own data")


def canonical_dataset(dataset: str) -> str:
    """The same dataset by a text that means it in any working directory: a registered name, a
    path relative to the data root, or an absolute path.

    >>> canonical_dataset("digits")
    'digits'
    """
    below_cwd = Path(dataset).expanduser()
    if dataset in DATASETS or not below_cwd.exists():
        return dataset
    return str(below_cwd.absolute())


def _located(dataset: str) -> Path | None:
    path = Path(dataset).expanduser()
    places = [path.absolute()]
    if DATA_ROOT_VARIABLE in os.environ:
        places.append(Path(os.environ[DATA_ROOT_VARIABLE]).absolute() / path)
    return next((place for place in places if place.exists()), None)
