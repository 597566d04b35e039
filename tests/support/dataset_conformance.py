"""Rules that every dataset source keeps."""

from __future__ import annotations

import numpy as np
import pytest

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.base import DataOptions, DatasetSource


def check_conformance(name: str, options: DataOptions) -> None:
    """Every rule that can be tried here; data that are not at hand are not loaded."""
    source = DATASETS[name]
    _check_declaration(source)
    missing = source.missing(options)
    if missing is not None:
        assert "\n" not in missing
        assert str(options.data_root) in missing or "none is given" in missing
        if options.data_root is None:
            with pytest.raises(UserError, match="data root"):
                source.load(options)
        return
    _check_data(name, source, source.load(options))


def _check_declaration(source: DatasetSource) -> None:
    assert source.modality in {"image", "tabular"}
    assert 0 < source.subset <= 1
    if source.foreign is not None:
        assert source.modality == "image"
        assert DATASETS[source.foreign].modality == "image"


def _check_data(name: str, source: DatasetSource, data: Dataset) -> None:
    assert data.name == name
    assert data.modality == source.modality
    assert data.y.dtype == np.int64
    assert np.bincount(data.y, minlength=data.n_classes).min() >= 2
    assert len(np.unique(data.source_index)) == len(data)
    assert data.source_index.min() >= 0
    if data.modality == "image":
        assert data.x.dtype == np.uint8
        assert data.x.ndim == 4
        assert data.x.shape[3] in {1, 3}
    else:
        assert data.x.dtype == np.float32
        assert data.x.ndim == 2
        assert len(data.feature_names) in {0, data.x.shape[1]}
