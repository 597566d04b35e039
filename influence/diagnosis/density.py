"""Samples of a kind that clean data do not hold: foreign clusters and corrupted samples.

Early features of the backbone are where these show; by the last layer a network has learned to
look past them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from influence.diagnosis.base import EVEN
from influence.diagnosis.contrast import (
    Scores,
    excess_p_value,
    excess_posterior,
    in_common_units,
    rank_among_clean,
    told_apart,
)
from influence.diagnosis.views import Pair, beside, narrow, with_products

SIGNIFICANCE = 1e-3
LAYERS = 4
OF_ONE_STAGE = 1e-3  # inverse penalties, by how many columns there are
OF_NARROW_STAGES = 1e-2
OF_ALL_STAGES = 1e-4
OF_PRODUCTS = 1e-4


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
    for layer in range(LAYERS):
        found = _one_layer([stage.rows(left, every_validation) for stage in stages], rng)
        if layer == 0:
            rank = found.rank
        posterior[left] = 1.0 - (1.0 - posterior[left]) * (1.0 - found.posterior)
        if not found.posterior.any():
            break
        rank[left] = np.maximum(rank[left], found.rank)
        left &= posterior <= EVEN
    return Density(posterior, rank)


def _one_layer(stages: list[Pair], rng: np.random.Generator) -> Density:
    """Training told from validation in each stage, in all together, and with products.

    What opens a test (Bonferroni over the comparisons) is averaged into one score.
    """
    few = narrow(stages)
    compared = [(stage, OF_ONE_STAGE) for stage in stages]
    compared += [
        (few, OF_NARROW_STAGES),
        (beside(stages), OF_ALL_STAGES),
        (with_products(few), OF_PRODUCTS),
    ]
    scores = [in_common_units(told_apart(pair, penalty, rng)) for pair, penalty in compared]
    everything = _mean(scores)
    tests = np.array([excess_p_value(s) for s in (*scores, everything)])
    is_open = tests < SIGNIFICANCE / len(tests)
    if not is_open.any():
        return Density(np.zeros(len(everything[0])), rank_among_clean(everything))
    found = [s for s, opened in zip(scores, is_open[:-1], strict=True) if opened]
    combined = _mean(found) if found else everything
    return Density(excess_posterior(combined), rank_among_clean(combined))


def _mean(scores: list[tuple[Scores, Scores]]) -> tuple[Scores, Scores]:
    return (
        np.mean([train for train, _ in scores], axis=0),
        np.mean([validation for _, validation in scores], axis=0),
    )
