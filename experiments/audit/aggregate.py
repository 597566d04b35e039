"""From opinions on parts of a set to one verdict on each of its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from experiments.audit.fold import NEVER, Opinion, Rows
from influence.diagnosis.base import CLEAN, GLITCH_KINDS, HARD, NO_LABEL, Diagnosis

SHARE_OF_FLAGS = 0.5


def united(opinions: Sequence[Opinion], n: int, n_classes: int) -> Diagnosis:
    """The mean of the opinions on each of n samples.

    A sample is flagged where at least half of those who judged it flag it; it is expected to have
    the label that most of them name.
    """
    votes = np.zeros(n)
    flags, hard = np.zeros(n), np.zeros(n)
    kinds = np.zeros((n, len(GLITCH_KINDS)))
    labels = np.zeros((n, n_classes))
    for one in opinions:
        found, rows = one.diagnosis, one.rows
        votes[rows] += 1
        flags[rows] += found.flagged
        hard[rows] += found.kind == HARD
        kinds[rows] += found.kind_probability
        named = found.expected_label != NO_LABEL
        labels[rows[named], found.expected_label[named]] += 1
    kinds /= votes[:, None]
    flagged = flags >= SHARE_OF_FLAGS * votes
    expected = np.where(labels.any(axis=1), labels.argmax(axis=1), NO_LABEL).astype(np.int64)
    often_hard = hard >= SHARE_OF_FLAGS * (votes - flags).clip(min=1)
    return Diagnosis(
        np.clip(kinds.sum(axis=1), 0.0, 1.0),
        flagged,
        _kinds(flagged, often_hard, kinds),
        kinds,
        expected,
    )


def limited(diagnosis: Diagnosis, max_false_alarms: float) -> Diagnosis:
    """The diagnosis with as many samples flagged as its probabilities allow: of those flagged, the
    expected share that is clean is at most ``max_false_alarms``.

    >>> from influence.diagnosis.base import CLEAN
    >>> p = np.array([[0.99, 0, 0, 0], [0.7, 0, 0, 0], [0.1, 0, 0, 0]])
    >>> none = np.zeros(3, bool)
    >>> kinds = np.full(3, CLEAN, object)
    >>> found = Diagnosis(p.sum(1), none, kinds, p, np.zeros(3, np.int64))
    >>> limited(found, 0.05).flagged.tolist(), limited(found, 0.2).flagged.tolist()
    ([True, False, False], [True, True, False])
    """
    order = np.argsort(-diagnosis.probability, kind="stable")
    false = np.cumsum(1 - diagnosis.probability[order]) / np.arange(1, len(order) + 1)
    within = np.flatnonzero(false <= max_false_alarms)
    flagged = np.zeros(len(order), dtype=bool)
    if len(within):
        flagged[order[: within[-1] + 1]] = True
    hard = (diagnosis.kind != CLEAN) & ~flagged
    return replace(
        diagnosis, flagged=flagged, kind=_kinds(flagged, hard, diagnosis.kind_probability)
    )


def mean_ranks(opinions: Sequence[Opinion], n: int) -> dict[str, Rows]:
    """Ranks from 1, the most suspicious, by each known signal, (n,)."""
    votes, sums = np.zeros(n), {name: np.zeros(n) for name in opinions[0].ranks}
    for one in opinions:
        votes[one.rows] += 1
        for name, ranks in one.ranks.items():
            sums[name][one.rows] += ranks
    found = {}
    for name, total in sums.items():
        order = np.argsort(-total / votes, kind="stable")
        found[name] = np.empty(n, dtype=np.int64)
        found[name][order] = np.arange(1, n + 1)
    return found


def learned_epochs(opinions: Sequence[Opinion], n: int) -> Rows:
    """The epoch at which each was learned, by the first opinion that saw it."""
    out = np.full(n, NEVER)
    for one in reversed(opinions):
        out[one.rows] = one.learned
    return out


def _kinds(
    flagged: NDArray[np.bool_], hard: NDArray[np.bool_], kinds: NDArray[np.float64]
) -> NDArray[np.object_]:
    names = np.array(GLITCH_KINDS, dtype=object)[kinds.argmax(axis=1)]
    return np.where(flagged, names, np.where(hard, HARD, CLEAN)).astype(object)
