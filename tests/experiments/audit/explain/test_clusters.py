"""Clusters of similar flagged samples."""

from __future__ import annotations

import numpy as np
import pytest

from common.dataset import Dataset
from experiments.audit.explain.clusters import clusters
from experiments.audit.explain.features import FeatureSpace
from influence.diagnosis.base import CORRUPTED, LABEL_ERROR, NO_LABEL, Diagnosis


def found_of(kind: str, labels: list[int], expected: list[int]) -> list[tuple[list[int], str]]:
    """Rows and sentence of each cluster; all samples are flagged and have the same features."""
    n = len(labels)
    x = np.ones((n, 2), dtype=np.float32)
    data = Dataset("t", "tabular", x, np.array(labels), ("a", "b", "c"), np.arange(n))
    diagnosis = Diagnosis(
        np.ones(n),
        np.ones(n, dtype=bool),
        np.full(n, kind, dtype=object),
        np.tile([0.0, 0.0, 0.0, 1.0], (n, 1)),
        np.array(expected),
    )
    found = clusters(data, diagnosis, FeatureSpace(x, x[:0]))
    return [(cluster.rows.tolist(), cluster.sentence) for cluster in found]


@pytest.mark.parametrize(
    ("labels", "share"),
    [
        ([1] * 12, "all labelled b"),
        ([1] * 8 + [0, 0, 2, 2], "8 of them labelled b"),
        ([0] * 3 + [1] * 4 + [2] * 5, "most often c (5)"),
    ],
)
def test_corrupted_samples_are_grouped_by_features_across_labels(
    labels: list[int], share: str
) -> None:
    ((rows, sentence),) = found_of(CORRUPTED, labels, [NO_LABEL] * 12)
    assert rows == list(range(12))
    assert share in sentence


def test_label_errors_are_grouped_by_label_and_expected_label() -> None:
    labels = [0] * 7 + [1] * 6 + [2] * 2
    expected = [1] * 7 + [NO_LABEL] * 6 + [0] * 2
    (first, sentence), (second, _) = found_of(LABEL_ERROR, labels, expected)
    assert first == list(range(7))
    assert "labelled a that are probably b" in sentence
    assert second == list(range(7, 13))
