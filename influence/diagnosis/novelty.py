"""Samples of a kind that clean data do not hold: foreign clusters and corrupted samples.

Early features of the backbone are where these show; by the last layer a network has learned to
look past them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from influence.diagnosis.base import EVEN
from influence.diagnosis.inputs import Pair, beside, narrow, with_products
from influence.diagnosis.two_sample import (
    ScorePair,
    Scores,
    Taught,
    aligned,
    excess_p_value,
    excess_posterior,
    in_common_units,
    rank_among_clean,
    told_apart,
)

SIGNIFICANCE = (1e-3, 1e-2, 1e-2, 1e-2)
"""Of each layer; where one kind was found, another is likelier than in a set as yet unsuspected."""
OF_ONE_STAGE = 1e-3  # inverse penalties, by how many columns there are
OF_TOGETHER = (1e-2, 1e-4, 1e-4)  # of narrow stages, of all, and with products
OF_SHARPENED = (1e-1, 1e-2, 1e-2)  # likewise, where more samples teach
SHARPENINGS = 3
SURE, DOUBTFUL = 0.7, 1.5  # shares of the expected number of glitches
FEW = 10


@dataclass(frozen=True)
class Density:
    """Attributes:
    posterior: the probability that a sample is of a kind that validation lacks, (n,); all zero
        where no test finds one.
    rank: how unlike validation, (n,) in [0, 1), whether a test finds something or not.
    """

    posterior: Scores
    rank: Scores


def unlike_validation(stages: tuple[Pair, ...], rng: np.random.Generator) -> Density:
    """Training told from validation, and once more without what was found, until nothing is.

    Of several kinds the plainest hides the others: one line cannot part all of them from clean
    samples at once.
    """
    left = np.ones(len(stages[0].train), dtype=bool)
    every_validation = np.ones(len(stages[0].validation), dtype=bool)
    posterior, rank = np.zeros(len(left)), np.zeros(len(left))
    for layer, significance in enumerate(SIGNIFICANCE):
        seen = [stage.rows(left, every_validation) for stage in stages]
        found = _one_layer(seen, significance, rng)
        if layer == 0:
            rank = found.rank
        posterior[left] = 1.0 - (1.0 - posterior[left]) * (1.0 - found.posterior)
        if not found.posterior.any():
            break
        rank[left] = np.maximum(rank[left], found.rank)
        left &= posterior <= EVEN
    return Density(posterior, rank)


def _one_layer(stages: list[Pair], significance: float, rng: np.random.Generator) -> Density:
    """Training told from validation in each stage, in all together, and with products.

    What opens a test (Bonferroni over the comparisons) is averaged into one score, and sharpened.
    """
    few = narrow(stages)
    together = (few, beside(stages), with_products(few))
    compared = [*product(stages, [OF_ONE_STAGE]), *zip(together, OF_TOGETHER, strict=True)]
    scores = [in_common_units(told_apart(pair, penalty, rng)) for pair, penalty in compared]
    everything = _mean(scores)
    tests = np.array([excess_p_value(s) for s in (*scores, everything)])
    is_open = tests < significance / len(tests)
    if not is_open.any():
        return Density(np.zeros(len(everything[0])), rank_among_clean(everything))
    found = [s for s, opened in zip(scores, is_open[:-1], strict=True) if opened]
    combined = _mean(found) if found else everything
    return _sharpened(combined, together, rng)


def _sharpened(scores: ScorePair, views: Sequence[Pair], rng: np.random.Generator) -> Density:
    """What was found told from all else, again and again.

    Validation alone is few samples to learn from by what a glitch differs; the clean samples of
    training are many more. Those surely found stand against those surely not and validation. What
    lies between teaches nothing: the next scores would repeat the mistakes of the first.
    """
    posterior = excess_posterior(scores)
    for _ in range(SHARPENINGS):
        expected = posterior.sum()
        place = np.argsort(-scores[0], kind="stable").argsort(kind="stable")
        taught = Taught(unlike=place < SURE * expected, like=place >= DOUBTFUL * expected)
        if taught.unlike.sum() < FEW:
            break
        again = [
            in_common_units(told_apart(view, penalty, rng, taught))
            for view, penalty in zip(views, OF_SHARPENED, strict=True)
        ]
        scores = in_common_units(aligned(_mean(again), posterior.mean()))
        posterior = excess_posterior(scores)
    return Density(posterior, rank_among_clean(scores))


def _mean(scores: list[ScorePair]) -> ScorePair:
    return (
        np.mean([train for train, _ in scores], axis=0),
        np.mean([validation for _, validation in scores], axis=0),
    )
