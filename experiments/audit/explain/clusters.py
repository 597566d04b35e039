"""Groups of similar flagged samples: one decision often settles the whole group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA

from common.dataset import Dataset
from experiments.audit.explain.features import FeatureSpace
from experiments.audit.fold import Rows
from influence.diagnosis.base import CORRUPTED, GLITCH_KINDS, LABEL_ERROR, NO_LABEL, Diagnosis

SMALLEST = 5
"""Samples of a cluster, at least."""
DIMENSIONS = 20
"""Principal components that corrupted samples are clustered by."""
LARGEST = 5_000
"""More corrupted samples than this are grouped by label alone: distances grow with the square."""


@dataclass(frozen=True)
class Cluster:
    """Similar flagged samples.

    Attributes:
        kind: one of ``GLITCH_KINDS``.
        rows: of the training set, the most suspicious first.
        sentence: what they have in common.
    """

    kind: str
    rows: Rows
    sentence: str


def clusters(data: Dataset, diagnosis: Diagnosis, space: FeatureSpace) -> list[Cluster]:
    """The clusters of the flagged samples, the largest first.

    Label errors are grouped by label and expected label, foreign and rare clusters by label,
    corrupted samples by their features.
    """
    found = []
    for kind in GLITCH_KINDS:
        rows = np.flatnonzero(diagnosis.flagged & (diagnosis.kind == kind))
        rows = rows[np.argsort(-diagnosis.probability[rows], kind="stable")]
        groups = data.y[rows]
        if kind == LABEL_ERROR:
            groups = _label_pairs(data, diagnosis, rows)
        elif kind == CORRUPTED:
            groups = _by_features(data, space, rows)
        for group in np.unique(groups[groups >= 0]):
            members = rows[groups == group]
            if len(members) >= SMALLEST:
                found.append(Cluster(kind, members, _sentence(data, diagnosis, kind, members)))
    return sorted(found, key=lambda cluster: -len(cluster.rows))


def _label_pairs(data: Dataset, diagnosis: Diagnosis, rows: Rows) -> Rows:
    """One number for each pair of label and expected label, (len(rows),)."""
    expected = diagnosis.expected_label[rows]
    pairs = data.y[rows] * (data.n_classes + 1) + np.where(expected == NO_LABEL, 0, expected + 1)
    return np.asarray(pairs, dtype=np.int64)


def _by_features(data: Dataset, space: FeatureSpace, rows: Rows) -> Rows:
    """The number of each sample's cluster, -1 for none, (len(rows),)."""
    if len(rows) < 2 * SMALLEST or len(rows) > LARGEST:
        return data.y[rows]
    x = space.train[rows]
    if (x == x[0]).all():
        return np.zeros_like(rows)
    flat = PCA(min(DIMENSIONS, *x.shape), random_state=0).fit_transform(x)
    model = HDBSCAN(min_cluster_size=SMALLEST, allow_single_cluster=True, copy=True)
    return np.asarray(model.fit_predict(flat), dtype=np.int64)


def _sentence(data: Dataset, diagnosis: Diagnosis, kind: str, rows: Rows) -> str:
    counts = np.bincount(data.y[rows], minlength=data.n_classes)
    most = int(counts.argmax())
    name = data.class_names[most]
    if kind == LABEL_ERROR:
        expected = int(diagnosis.expected_label[rows[0]])
        label = "another class" if expected == NO_LABEL else data.class_names[expected]
        return f"{len(rows)} samples labelled {name} that are probably {label}"
    if counts[most] == len(rows):
        return f"{len(rows)} samples, all labelled {name}"
    if 2 * counts[most] > len(rows):
        return f"{len(rows)} samples, {counts[most]} of them labelled {name}"
    labels = np.count_nonzero(counts)
    return f"{len(rows)} samples of {labels} labels, most often {name} ({counts[most]})"
