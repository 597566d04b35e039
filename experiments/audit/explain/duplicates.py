"""Exact and near duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from common.progress import Progress, silent
from experiments.audit.explain.features import FeatureSpace
from experiments.audit.explain.nearest import nearest_others
from models.feature_cache import row_digests

NEAR = 0.13
"""Near duplicates are closer than this multiple of the median distance to the nearest neighbour, as
in cleanlab's Datalab."""
NONE = ""
DUPLICATES = "duplicates"
"""The step whose progress is told."""


def duplicates(
    x: NDArray[np.generic],
    space: FeatureSpace,
    copies: Mapping[int, int],
    reference_rows: NDArray[np.int64],
    progress: Progress = silent,
) -> NDArray[np.object_]:
    """What each training sample is a duplicate of.

    Args:
        x: raw training samples, (n, ...).
        space: their features, and those of the reference set.
        copies: for training rows that are in the reference set too, the row there.
        reference_rows: the row of each reference sample of ``space``, (m,).
        progress: is told how many pairs of samples are compared.

    Returns:
        (n,) of ``exact:train:ROW`` (the first such row), ``exact:validation:ROW``,
        ``near:train:ROW``, ``near:validation:ROW``, or ``NONE``.
    """
    found = _near(space, reference_rows, progress)
    digests = row_digests(x)
    _, first, group, count = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    repeated = count[group] > 1
    found[repeated] = NONE  # The nearest neighbours of these are their own copies.
    for row in np.flatnonzero(repeated & (first[group] != np.arange(len(x)))).tolist():
        found[row] = f"exact:train:{first[group[row]]}"
    for row, place in copies.items():
        if not found[row].startswith("exact"):
            found[row] = f"exact:validation:{place}"
    return found


def _near(
    space: FeatureSpace, reference_rows: NDArray[np.int64], progress: Progress
) -> NDArray[np.object_]:
    n = len(space.train)
    everything = np.vstack([space.train, space.reference]) if len(space.reference) else space.train
    nearest, distance = (
        found[:n] for found in nearest_others(everything, partial(progress, DUPLICATES))
    )
    positive = distance[distance > 0]
    limit = NEAR * float(np.median(positive)) if len(positive) else 0.0
    found = np.full(n, NONE, dtype=object)
    for row in np.flatnonzero(distance < limit).tolist():
        place = int(nearest[row])
        found[row] = (
            f"near:train:{place}" if place < n else f"near:validation:{reference_rows[place - n]}"
        )
    return found
