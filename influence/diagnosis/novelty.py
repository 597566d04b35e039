"""Samples of a kind that the reference set lacks: foreign clusters and corrupted samples.

They show in early features of the backbone; by the last layer the network has learned to ignore
what sets them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from influence.diagnosis.base import MORE_LIKELY_THAN_NOT
from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.inputs import FeatureBlock, concatenated, narrow, with_products
from influence.diagnosis.two_sample import (
    Floats,
    Scores,
    TrainingSides,
    aligned,
    cross_fitted_scores,
    excess_p_value,
    excess_posterior,
    mean_scores,
    rank_among_reference,
)


@dataclass(frozen=True)
class Novelty:
    """Attributes:
    posterior: the probability that a sample is of a kind that the reference set lacks, (n,); all
        zero where no test rejects.
    rank: how unlike the reference set, (n,) in [0, 1), whether or not a test rejects.
    """

    posterior: Floats
    rank: Floats


def detect_novelty(
    stages: Sequence[FeatureBlock], rng: np.random.Generator, config: DiagnosisConfig
) -> Novelty:
    """Repeated two-sample tests, each on the samples that the passes before left as clean.

    Of several kinds of glitches the strongest component masks weaker ones: no single linear
    classifier separates all of them from clean samples.
    """
    n, m = len(stages[0].train), len(stages[0].reference)
    remaining = np.ones(n, dtype=bool)
    posterior, rank = np.zeros(n), np.zeros(n)
    if min(n, m) < config.inputs.min_samples:
        return Novelty(posterior, rank)
    for number, significance in enumerate(config.novelty.significance):
        blocks = [stage.rows(remaining, np.ones(m, dtype=bool)) for stage in stages]
        found = _one_pass(blocks, significance, rng, config)
        rejected = found.posterior.any()
        if rejected or number == 0:
            rank[remaining] = np.maximum(rank[remaining], found.rank)
        if not rejected:
            break
        posterior[remaining] = 1.0 - (1.0 - posterior[remaining]) * (1.0 - found.posterior)
        remaining &= posterior <= MORE_LIKELY_THAN_NOT
    return Novelty(posterior, rank)


def _one_pass(
    stages: Sequence[FeatureBlock],
    significance: float,
    rng: np.random.Generator,
    config: DiagnosisConfig,
) -> Novelty:
    """Two-sample tests on each stage, on joint blocks, and on the mean of all their scores.

    The scores of the tests that reject (Bonferroni over all) are averaged and refined.
    """
    settings = config.novelty
    few = narrow(stages, config.inputs)
    joint = (few, concatenated(stages), with_products(few, config.inputs))
    compared = [
        *((stage, settings.stage_inverse_penalty) for stage in stages),
        *zip(joint, settings.joint_inverse_penalties, strict=True),
    ]
    scores = [
        cross_fitted_scores(block, penalty, rng, config.two_sample) for block, penalty in compared
    ]
    scores.append(mean_scores(scores))
    level = significance / len(scores)
    *rejected, mean_rejected = [excess_p_value(s, config.two_sample) < level for s in scores]
    if any(rejected):
        chosen = mean_scores([s for s, r in zip(scores, rejected, strict=False) if r])
    elif mean_rejected:
        chosen = scores[-1]
    else:
        return Novelty(np.zeros(len(few.train)), rank_among_reference(scores[-1]))
    return _refined(chosen, joint, rng, config)


def _refined(
    scores: Scores,
    blocks: Sequence[FeatureBlock],
    rng: np.random.Generator,
    config: DiagnosisConfig,
) -> Novelty:
    """Classifiers refitted to separate confident positives from all clean samples.

    The reference set alone has few samples to learn the difference from; the clean training samples
    are many more. Samples that are neither confident positives nor confident negatives are left
    out: learned as either, they would repeat the errors of the first scores.
    """
    settings = config.novelty
    posterior = excess_posterior(scores, config.two_sample)
    for _ in range(settings.refits):
        expected = posterior.sum()
        place = np.argsort(-scores.train, kind="stable").argsort(kind="stable")
        sides = TrainingSides(
            positive=place < settings.confident_positive * expected,
            negative=place >= settings.confident_negative * expected,
        )
        if sides.positive.sum() < settings.min_positives:
            break
        refitted = mean_scores(
            [
                cross_fitted_scores(block, penalty, rng, config.two_sample, sides)
                for block, penalty in zip(blocks, settings.refit_inverse_penalties, strict=True)
            ]
        )
        scores = aligned(refitted, posterior.mean(), config.two_sample)
        posterior = excess_posterior(scores, config.two_sample)
    return Novelty(posterior, rank_among_reference(scores))
