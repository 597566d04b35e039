"""Samples that are in the set twice, or almost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from experiments.audit.explain.features import Looks
from models.feature_cache import row_digests

NEAR = 0.13
"""Of the median distance to the nearest sample; the threshold of Datalab's near duplicates."""
NONE = ""


def duplicates(
    x: NDArray[np.generic],
    looks: Looks,
    copies: Mapping[int, int],
    validation_rows: NDArray[np.int64],
) -> NDArray[np.object_]:
    """What each training sample is a duplicate of, as text.

    Args:
        x: raw samples, (n, ...).
        looks: of these, and of validation samples where there are any.
        copies: of training rows that are in the validation set too, the row there.
        validation_rows: the row of each validation sample of ``looks``, (m,).

    Returns:
        (n,) of ``exact:train:ROW`` (the first such row), ``exact:validation:ROW``,
        ``near:train:ROW``, ``near:validation:ROW``, or nothing.
    """
    found = np.full(len(x), NONE, dtype=object)
    reference = np.vstack([looks.train, looks.validation])
    distance, nearest = (
        NearestNeighbors(n_neighbors=min(3, len(reference)), algorithm="brute")
        .fit(reference)
        .kneighbors(looks.train)
    )
    other = np.where(nearest == np.arange(len(x))[:, None], np.inf, distance).argmin(axis=1)
    to = nearest[np.arange(len(x)), other]
    away = distance[np.arange(len(x)), other]
    apart = away[away > 0]
    limit = NEAR * float(np.median(apart)) if len(apart) else 0.0
    for row in np.flatnonzero(away < limit).tolist():
        place = int(to[row])
        found[row] = (
            f"near:train:{place}"
            if place < len(x)
            else f"near:validation:{validation_rows[place - len(x)]}"
        )
    digests = row_digests(x)
    _, first, group, count = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    repeated = count[group] > 1
    found[repeated] = NONE  # the nearest of these are its own copies
    for row in np.flatnonzero(repeated & (first[group] != np.arange(len(x)))).tolist():
        found[row] = f"exact:train:{first[group[row]]}"
    for row, place in copies.items():
        if not found[row].startswith("exact"):
            found[row] = f"exact:validation:{place}"
    return found
