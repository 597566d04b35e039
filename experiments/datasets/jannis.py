"""Jannis, from OpenML."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
from sklearn.datasets import fetch_openml

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.download import exclusive, required_root
from experiments.datasets.user.labels import encoded_labels

DATA_ID = 41168


@dataclass(frozen=True)
class Jannis:
    """83,733 × 54, 4 classes. scikit-learn downloads it, verifies its MD5 and keeps it in
    ``<data root>/openml``."""

    modality: Modality = "tabular"
    subset: float = 0.1
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """The table, unless scikit-learn has already stored it."""
        root = options.data_root
        table = None if root is None else _kept_table(root)
        if table is not None and table.exists():
            return None
        place = "a data root (none is given)" if root is None else str(root)
        return f"openml from https://www.openml.org/d/{DATA_ID} would be downloaded to {place}"

    def load(self, options: DataOptions) -> Dataset:
        """The whole table."""
        root = required_root("jannis", options.data_root)
        table = _kept_table(root)
        if table is None or not table.exists():
            with exclusive("jannis", root / "openml"):
                return _dataset(root)
        return _dataset(root)


def _dataset(root: Path) -> Dataset:
    try:
        # the pandas parser of scikit-learn 1.9.1 fails on classes that are numbers
        bunch = fetch_openml(data_id=DATA_ID, data_home=root, as_frame=True, parser="liac-arff")
    except (OSError, ValueError, EOFError, HTTPException) as error:
        table = _kept_table(root)
        if table is not None:
            table.unlink(missing_ok=True)  # scikit-learn keeps files with a wrong checksum
        raise UserError(
            f"jannis: {root / 'openml'} is missing or altered and could not be downloaded from "
            f"OpenML ({' '.join(str(error).split())})"
        ) from error
    y, classes = encoded_labels("jannis: class", bunch.target)
    return Dataset(
        name="jannis",
        modality="tabular",
        x=np.ascontiguousarray(bunch.data, np.float32),
        y=y,
        class_names=classes,
        source_index=np.arange(len(y)),
        feature_names=tuple(bunch.feature_names),
    )


def _kept_table(root: Path) -> Path | None:
    """Where scikit-learn stores the table; ``None`` before it has OpenML's description."""
    kept = root / "openml" / "openml.org"
    description = kept / f"api/v1/json/data/{DATA_ID}.gz"
    try:
        found = json.loads(gzip.decompress(description.read_bytes()))
    except (OSError, EOFError, ValueError):
        return None
    address = found["data_set_description"]["url"]
    return kept / f"{urlparse(address).path.lstrip('/')}.gz"


JANNIS = Jannis()
