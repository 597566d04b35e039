"""Suspicions that belong together: one decision often settles many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA

from common.dataset import Dataset
from experiments.audit.explain.features import Looks
from experiments.audit.fold import Rows
from influence.diagnosis.base import CORRUPTED, GLITCH_KINDS, LABEL_ERROR, NO_LABEL, Diagnosis

SMALLEST = 5
DIMENSIONS = 20
LARGEST = 5_000
"""Samples of one kind that are compared with each other; more are put together by label alone."""


@dataclass(frozen=True)
class Cluster:
    """Flagged samples of one kind that look alike, or are mistaken alike.

    Attributes:
        kind: one of ``GLITCH_KINDS``.
        rows: of the training set, most suspicious first.
        sentence: what they have in common.
    """

    kind: str
    rows: Rows
    sentence: str


def clusters(data: Dataset, diagnosis: Diagnosis, looks: Looks) -> list[Cluster]:
    """The clusters of the flagged samples, largest first.

    Wrong labels go together by label and expected label, samples of foreign and rare clusters by
    label, corrupted ones by looks.
    """
    found = []
    for kind in GLITCH_KINDS:
        rows = np.flatnonzero(diagnosis.flagged & (diagnosis.kind == kind))
        rows = rows[np.argsort(-diagnosis.probability[rows], kind="stable")]
        groups = data.y[rows]
        if kind == LABEL_ERROR:
            groups = _mistaken(data, diagnosis, rows)
        elif kind == CORRUPTED:
            groups = _alike(data, looks, rows)
        for group in np.unique(groups[groups >= 0]):
            members = rows[groups == group]
            if len(members) >= SMALLEST:
                found.append(Cluster(kind, members, _sentence(data, diagnosis, kind, members)))
    return sorted(found, key=lambda one: -len(one.rows))


def _mistaken(data: Dataset, diagnosis: Diagnosis, rows: Rows) -> Rows:
    expected = diagnosis.expected_label[rows]
    pairs = data.y[rows] * (data.n_classes + 1) + np.where(expected == NO_LABEL, 0, expected + 1)
    return np.asarray(pairs, dtype=np.int64)


def _alike(data: Dataset, looks: Looks, rows: Rows) -> Rows:
    if len(rows) < 2 * SMALLEST or len(rows) > LARGEST:
        return data.y[rows]
    x = looks.train[rows]
    dimensions = min(DIMENSIONS, *x.shape)
    flat = PCA(dimensions, random_state=0).fit_transform(x)
    model = HDBSCAN(min_cluster_size=SMALLEST, allow_single_cluster=True, copy=True)
    return np.asarray(model.fit_predict(flat), dtype=np.int64)


def _sentence(data: Dataset, diagnosis: Diagnosis, kind: str, rows: Rows) -> str:
    counts = np.bincount(data.y[rows], minlength=data.n_classes)
    most = int(counts.argmax())
    name = data.class_names[most]
    if counts[most] == len(rows):
        labels = f"all labelled {name}"
    elif 2 * counts[most] > len(rows):
        labels = f"{counts[most]} of them labelled {name}"
    else:
        labels = f"of {np.count_nonzero(counts)} labels, most often {name} ({counts[most]})"
    what = f"{len(rows)} samples"
    if kind == LABEL_ERROR:
        expected = int(diagnosis.expected_label[rows[0]])
        label = "another class" if expected == NO_LABEL else data.class_names[expected]
        return f"{what} {labels} that look like {label}"
    return f"{what} like this, {labels}"
