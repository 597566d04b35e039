"""The diagnosis of a whole set, aggregated from the diagnoses of its folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from experiments.audit.fold import NEVER, FoldResult, Rows
from influence.diagnosis.base import CLEAN, GLITCH_KINDS, HARD, NO_LABEL, Diagnosis

MAJORITY = 0.5


def aggregate(results: Sequence[FoldResult], n: int, n_classes: int) -> Diagnosis:
    """The diagnosis of n samples, each of which at least one fold was trained on.

    Probabilities are means over the folds that diagnosed the sample. A sample is flagged if at
    least half of them flag it, and its expected label is the one that most of them expect. The
    estimated number of label errors is the mean over folds, for the size of the whole set.
    """
    votes = np.zeros(n)
    flags, hard = np.zeros(n), np.zeros(n)
    kinds = np.zeros((n, len(GLITCH_KINDS)))
    labels = np.zeros((n, n_classes))
    for result in results:
        diagnosis, rows = result.diagnosis, result.fold.rows
        votes[rows] += 1
        flags[rows] += diagnosis.flagged
        hard[rows] += diagnosis.kind == HARD
        kinds[rows] += diagnosis.kind_probability
        named = diagnosis.expected_label != NO_LABEL
        labels[rows[named], diagnosis.expected_label[named]] += 1
    errors = sum(result.diagnosis.expected_label_errors for result in results)
    kinds /= votes[:, None]
    flagged = flags >= MAJORITY * votes
    mostly_hard = hard >= MAJORITY * (votes - flags).clip(min=1)
    return Diagnosis(
        probability=np.clip(kinds.sum(axis=1), 0.0, 1.0),
        flagged=flagged,
        kind=_kinds(flagged, mostly_hard, kinds),
        kind_probability=kinds,
        expected_label=np.where(labels.any(axis=1), labels.argmax(axis=1), NO_LABEL).astype(
            np.int64
        ),
        expected_label_errors=errors * n / votes.sum(),
    )


def with_false_discovery_rate(diagnosis: Diagnosis, target: float) -> Diagnosis:
    """The diagnosis with the largest number of flags whose expected false discovery rate, the mean
    of 1 − probability over the flagged samples, is at most ``target``.

    >>> from influence.diagnosis.base import CLEAN
    >>> p = np.array([[0.99, 0, 0, 0], [0.7, 0, 0, 0], [0.1, 0, 0, 0]])
    >>> none = np.zeros(3, bool)
    >>> kinds = np.full(3, CLEAN, object)
    >>> found = Diagnosis(p.sum(1), none, kinds, p, np.zeros(3, np.int64))
    >>> [with_false_discovery_rate(found, target).flagged.tolist() for target in (0.05, 0.2)]
    [[True, False, False], [True, True, False]]
    """
    order = np.argsort(-diagnosis.probability, kind="stable")
    false = np.cumsum(1 - diagnosis.probability[order]) / np.arange(1, len(order) + 1)
    within = np.flatnonzero(false <= target)
    flagged = np.zeros(len(order), dtype=bool)
    if len(within):
        flagged[order[: within[-1] + 1]] = True
    hard = (diagnosis.kind != CLEAN) & ~flagged
    return replace(
        diagnosis, flagged=flagged, kind=_kinds(flagged, hard, diagnosis.kind_probability)
    )


def mean_ranks(results: Sequence[FoldResult], n: int) -> dict[str, Rows]:
    """By signal, the rank of each sample by its mean rank over the folds, from 1, the most
    suspicious, (n,)."""
    votes = np.zeros(n)
    sums = {name: np.zeros(n) for name in results[0].ranks}
    for result in results:
        votes[result.fold.rows] += 1
        for name, ranks in result.ranks.items():
            sums[name][result.fold.rows] += ranks
    found = {}
    for name, total in sums.items():
        order = np.argsort(-total / votes, kind="stable")
        found[name] = np.empty(n, dtype=np.int64)
        found[name][order] = np.arange(1, n + 1)
    return found


def learned_epochs(results: Sequence[FoldResult], n: int) -> Rows:
    """The epoch in which each sample was learned, by the first fold that was trained on it."""
    out = np.full(n, NEVER)
    for result in reversed(results):
        out[result.fold.rows] = result.learned
    return out


def _kinds(
    flagged: NDArray[np.bool_], hard: NDArray[np.bool_], kinds: NDArray[np.float64]
) -> NDArray[np.object_]:
    names = np.array(GLITCH_KINDS, dtype=object)[kinds.argmax(axis=1)]
    return np.where(flagged, names, np.where(hard, HARD, CLEAN)).astype(object)
