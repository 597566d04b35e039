"""Held-out parts of an audited set: stratified by class, of whole groups if there are groups."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from common.dataset import Dataset
from common.errors import UserError
from common.seeds import generator

FOLDS = 5
FOLDS_OF_LARGE_SET = 2
LARGE_SET = 20_000
"""Samples above which two folds are used; each sample is still trained on at least once. The second
fold trains on at most as many."""
MAX_REFERENCE = 4_000
"""Reference samples used at most: the cost grows with their number, the benefit hardly does."""

Rows = NDArray[np.int64]


def fold_count(n: int) -> int:
    """How many folds a set of n samples has."""
    return FOLDS if n <= LARGE_SET else FOLDS_OF_LARGE_SET


def held_out_parts(labels: Rows, groups: Rows | None, count: int, seed: int) -> Iterator[Rows]:
    """Disjoint sets of rows to hold out, each with its share of each class.

    Args:
        labels: (n,).
        groups: (n,); all samples of a group are in the same part. With few groups, a part has more
            than ``MAX_REFERENCE`` rows.
        count: of the parts; fewer if there are not so many groups.
        seed: of the draw; it says which part is the first.
    """
    if groups is None:
        yield from stratified_parts(labels, count, seed)
        return
    size = max(count, -(-len(labels) // MAX_REFERENCE))
    size = min(size, len(np.unique(groups)), int(np.bincount(labels).max()))
    splitter = StratifiedGroupKFold(size, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # small classes are noted by the reader of the data
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = [part for _, part in splitter.split(labels, labels, groups) if len(part)]
    # the seed shuffles groups of equal sizes only: from another part on, the first one differs
    first = seed % len(parts)
    yield from (part.astype(np.int64) for part in (parts[first:] + parts[:first])[:count])


def stratified_parts(labels: Rows, count: int, seed: int) -> Iterator[Rows]:
    """Disjoint sets of rows, each with its share of each class and at most ``MAX_REFERENCE`` rows.

    They cover all rows unless that limit cuts them.
    """
    place = np.empty(len(labels), dtype=np.int64)
    shuffled = generator(seed, "folds").permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    place[order] = np.arange(len(labels))
    size = max(count, -(-len(labels) // MAX_REFERENCE))
    for part in range(count):
        yield np.flatnonzero(place % size == part)


def with_others(wanted: Rows, rows: Rows, seed: int) -> Rows:
    """The ``wanted`` ones of some rows and as many random others as make a set that is not large,
    in order."""
    others = generator(seed, "others").permutation(np.setdiff1d(rows, wanted))
    return np.sort(np.concatenate([wanted, others[: max(0, LARGE_SET - len(wanted))]]))


def checked_groups(values: Any, train: Dataset) -> Rows:
    """The number of each sample's group, (n,).

    Args:
        values: numbers or text, (n,).
        train: the audited set.

    Raises:
        UserError: a sample has no group, there are fewer groups than folds, or all samples of a
            class are in one group.
    """
    if np.ndim(values) != 1 or len(values) != len(train):
        raise UserError(
            f"groups must be one for each of the {len(train)} samples, got shape {np.shape(values)}"
        )
    groups = pd.factorize(pd.Series(values).reset_index(drop=True))[0].astype(np.int64)
    missing = np.flatnonzero(groups < 0)
    if len(missing):
        raise UserError(f"groups: row {missing[0]} has no group")
    found, needed = int(groups.max()) + 1, fold_count(len(train))
    if found < needed:
        raise UserError(f"groups: there are {found}, and at least {needed} are needed, one a fold")
    for number, name in enumerate(train.class_names):
        if len(np.unique(groups[train.y == number])) == 1:
            raise UserError(
                f"groups: all samples of class {name!r} are in one group; each class needs two"
            )
    return groups
