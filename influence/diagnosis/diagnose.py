"""All parts of a diagnosis together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import (
    CLEAN,
    EVEN,
    GLITCH_KINDS,
    HARD,
    HARD_RANK,
    NO_LABEL,
    UNPROVEN,
    Diagnosis,
)
from influence.diagnosis.foreign_or_corrupted import foreign_share
from influence.diagnosis.inputs import views
from influence.diagnosis.label_errors import doubted_labels
from influence.diagnosis.novelty import unlike_validation
from influence.diagnosis.rare_classes import rare_classes
from influence.evidence import Evidence

LEAST_FLAGGED = 0.25


def diagnose(evidence: Evidence) -> Diagnosis:
    """What is wrong with each training sample; kinds and shares of glitches need not be known.

    Three parts, each opened only by a test against the clean validation samples: labels that the
    features contradict, samples of a kind that validation lacks, and classes that are far too rare.
    The probability that none of them holds is the product of those of each.
    """
    seen = views(evidence)
    rng = evidence.rng("diagnosis")
    rare = rare_classes(seen.labels, seen.validation_labels, seen.n_classes)
    of_rare, of_rare_v = rare[seen.labels], rare[seen.validation_labels]
    common = tuple(stage.rows(~of_rare, ~of_rare_v) for stage in seen.stages)

    unlike = np.zeros(len(seen.labels))
    unlike_rank = np.zeros(len(seen.labels))
    density = unlike_validation(common, rng)
    unlike[~of_rare], unlike_rank[~of_rare] = density.posterior, density.rank
    foreign = foreign_share(seen.stages, seen.labels, unlike, seen.n_classes, rng)

    usual = (unlike < EVEN) & ~of_rare
    doubts = doubted_labels(seen, usual, ~of_rare_v, rng)

    is_rare = of_rare.astype(np.float64)
    proven = 1.0 - (1.0 - doubts.posterior) * (1.0 - unlike) * (1.0 - is_rare)
    rank = np.maximum(unlike_rank, doubts.rank)
    probability = proven + (1.0 - proven) * UNPROVEN * rank

    parts = np.stack(
        [doubts.posterior, unlike * foreign, is_rare, unlike * (1.0 - foreign)], axis=1
    )
    # where no part is proven, the rank that is higher names the kind
    guess = np.zeros_like(parts)
    guess[np.arange(len(rank)), np.where(doubts.rank >= unlike_rank, 0, 3)] = UNPROVEN
    parts = parts + guess
    kind_probability = parts / parts.sum(axis=1, keepdims=True) * probability[:, None]

    flagged = flag(probability)
    kind = np.where(rank > HARD_RANK, HARD, CLEAN).astype(object)
    named = np.array(GLITCH_KINDS, dtype=object)[kind_probability.argmax(axis=1)]
    kind[flagged] = named[flagged]
    expected_label = np.where(unlike > EVEN, NO_LABEL, doubts.label)
    return Diagnosis(
        *(
            seen.restore(part)
            for part in (probability, flagged, kind, kind_probability, expected_label)
        )
    )


def flag(probability: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Samples to call glitches: so many of the most probable as give the largest expected F1.

    With probabilities p in falling order, the first k give 2 Σ_{i ≤ k} p_i / (k + Σ p).

    >>> flag(np.array([0.9, 0.8, 0.01, 0.0])).tolist()
    [True, True, False, False]
    """
    falling = np.sort(probability)[::-1]
    hits = falling.cumsum()
    expected_f1 = 2.0 * hits / (np.arange(1, len(falling) + 1) + hits[-1])
    threshold = max(LEAST_FLAGGED, falling[expected_f1.argmax()])
    return np.asarray(probability >= threshold)
