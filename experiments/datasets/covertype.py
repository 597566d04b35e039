"""Forest Cover through scikit-learn."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # to catch it: scikit-learn stores by joblib

import numpy as np
from sklearn.datasets import fetch_covtype

from common.data import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.files import required_root

CLASS_NAMES = (
    "spruce/fir",
    "lodgepole pine",
    "ponderosa pine",
    "cottonwood/willow",
    "aspen",
    "douglas-fir",
    "krummholz",
)


@dataclass(frozen=True)
class Covertype:
    """581,012 × 54, 7 classes. scikit-learn fetches it, checks it and keeps it in
    ``<data root>/covertype``."""

    modality: Modality = "tabular"
    subset: float = 0.1
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Those of scikit-learn's two files that are not there."""
        files = ("covertype/samples_py3", "covertype/targets_py3")
        root = options.data_root
        absent = [file for file in files if root is None or not (root / file).exists()]
        if not absent:
            return None
        place = "a data root (none is given)" if root is None else str(root)
        return f"{', '.join(absent)} from scikit-learn's fetch_covtype would go to {place}"

    def load(self, options: DataOptions) -> Dataset:
        """The whole table, classes in the published order."""
        root = required_root("covertype", options.data_root)
        try:
            bunch = fetch_covtype(data_home=root)
        except (OSError, ValueError, EOFError, zlib.error, UnpicklingError) as error:
            raise _unreadable(root, error) from error
        return Dataset(
            name="covertype",
            modality=self.modality,
            x=np.ascontiguousarray(bunch.data, np.float32),
            y=bunch.target.astype(np.int64) - 1,
            class_names=CLASS_NAMES,
            source_index=np.arange(len(bunch.target)),
            feature_names=tuple(bunch.feature_names),
        )


def _unreadable(root: Path, error: Exception) -> UserError:
    return UserError(
        f"covertype: {root / 'covertype'} is missing, truncated or altered and could not be "
        f"fetched ({' '.join(str(error).split())}); delete it to fetch it again"
    )


COVERTYPE = Covertype()
