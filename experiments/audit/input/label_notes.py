"""Oddities of the labels as a whole: rare classes, and labels that depend on the row order."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2_contingency, entropy

from common.dataset import Dataset
from experiments.datasets.user.labels import listed

RARE = 0.1
"""A class is rare below this part of an equal share, as in cleanlab's Datalab."""
BLOCKS, ROWS_OF_BLOCK = 20, 25
"""Consecutive rows whose labels are compared: so many blocks, each of at least so many rows."""
SIGNIFICANCE = 1e-6
"""Of the test of independence. Small: every audited table is tested."""
EXPLAINED = 0.02
"""The share of the labels' entropy that the order must explain to be worth a note."""


def imbalance_note(train: Dataset) -> list[str]:
    """A note on classes with less than ``RARE`` of an equal share of the samples."""
    counts = np.bincount(train.y, minlength=train.n_classes)
    present = np.flatnonzero(counts)
    rare = present[counts[present] < RARE * len(train) / len(present)]
    if not len(rare):
        return []
    names = [train.class_names[number] for number in rare[np.argsort(counts[rare])].tolist()]
    largest = train.class_names[int(counts.argmax())]
    return [
        f"the classes are imbalanced: {len(rare)} of {len(present)} ({listed(names[:5])} first) "
        f"have less than a tenth of an equal share of the {len(train)} samples, the smallest "
        f"{counts[rare].min()}, the largest, {largest!r}, {counts.max()}"
    ]


def order_note(train: Dataset) -> list[str]:
    """A note if the labels of a table depend on the order of its rows.

    Pearson's test of independence between label and block of consecutive rows. The share of the
    labels' entropy that the block explains is their mutual information, less its expectation if
    they were independent (Miller 1955).
    """
    n = len(train)
    blocks = min(BLOCKS, n // ROWS_OF_BLOCK)
    if train.modality != "tabular" or blocks < 2:
        return []
    block = np.arange(n) * blocks // n
    table = np.zeros((blocks, train.n_classes))
    np.add.at(table, (block, train.y), 1)
    table = table[:, table.any(axis=0)]
    shares = table.sum(axis=0) / n
    information = entropy(table.ravel() / n, np.outer(table.sum(axis=1) / n, shares).ravel())
    test = chi2_contingency(table)
    explained = (information - test.dof / (2 * n)) / entropy(shares)
    if test.pvalue > SIGNIFICANCE or explained < EXPLAINED:
        return []
    return [
        f"the label depends on the order of the rows, which explains {explained:.0%} of its "
        "entropy: drop columns that were made from the order or the time of collection, they give "
        "it away"
    ]
