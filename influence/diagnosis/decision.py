"""From probabilities to flags and names of kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import CLEAN, GLITCH_KINDS, HARD
from influence.diagnosis.config import DEFAULT, DecisionConfig

Floats = NDArray[np.float64]


def with_rank(posterior: Floats, rank: Floats, config: DecisionConfig) -> Floats:
    """The posterior, with the rank as an order of samples for which no test rejects, (n,)."""
    return posterior + (1.0 - posterior) * config.unproven * rank


def flag(probability: Floats, config: DecisionConfig = DEFAULT.decision) -> NDArray[np.bool_]:
    """The samples to call glitches: the threshold maximises expected F1 under the probabilities.

    With probabilities p in descending order, the first k have 2 Σ_{i ≤ k} p_i / (k + Σ p).

    >>> flag(np.array([0.9, 0.8, 0.01, 0.0])).tolist()
    [True, True, False, False]
    """
    descending = np.sort(probability)[::-1]
    hits = descending.cumsum()
    expected_f1 = 2.0 * hits / (np.arange(1, len(descending) + 1) + hits[-1])
    threshold = max(config.min_probability, descending[expected_f1.argmax()])
    return np.asarray(probability >= threshold)


def name_kinds(
    flagged: NDArray[np.bool_], kind_probability: Floats, rank: Floats, config: DecisionConfig
) -> NDArray[np.object_]:
    """The most probable kind of flagged samples; ``hard`` or ``clean`` of the others, (n,)."""
    likeliest = np.array(GLITCH_KINDS, dtype=object)[kind_probability.argmax(axis=1)]
    unflagged = np.where(rank > config.hard_rank, HARD, CLEAN).astype(object)
    return np.where(flagged, likeliest, unflagged)
