"""Foreign clusters and corrupted samples: the two kinds that the reference set lacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from influence.diagnosis.base import MORE_LIKELY_THAN_NOT
from influence.diagnosis.config import DiagnosisConfig
from influence.diagnosis.inputs import DiagnosisInputs, FeatureBlock, narrow
from influence.diagnosis.two_sample import cross_fitted_scores


def foreign_probability(
    inputs: DiagnosisInputs,
    novelty: NDArray[np.float64],
    rng: np.random.Generator,
    config: DiagnosisConfig,
) -> NDArray[np.float64]:
    """The probability that a sample, if the reference set lacks its kind, is foreign, (n,).

    A foreign cluster has a single label; corruption affects all labels in proportion. Where a label
    is far too frequent among novel samples, those of its samples that look least like novel samples
    with other labels are foreign.

    Args:
        inputs: the samples.
        novelty: the probability that the reference set lacks the kind of a sample, (n,).
        rng: of folds.
        config: settings.
    """
    settings, labels = config.foreign, inputs.labels
    out = np.zeros(len(labels))
    novel = novelty > MORE_LIKELY_THAN_NOT
    features = narrow(inputs.stages, config.inputs).train
    for label in np.unique(labels):
        own, others = novel & (labels == label), novel & (labels != label)
        count = int(own.sum())
        share = float((labels[~novel] == label).sum() / max(1, (~novel).sum()))
        # the count that the other labels predict, were all of these samples corrupted
        expected = int(others.sum()) * share / max(1.0 - share, share)
        p_value = binom.sf(count - 1, novel.sum(), min(share, 1.0))
        if (
            count <= settings.min_ratio * expected
            or p_value * inputs.n_classes >= settings.significance
        ):
            continue
        foreign = max(0.0, 1.0 - expected / count)
        if others.sum() < settings.min_others:
            out[labels == label] = foreign
            continue
        groups = None if inputs.groups is None else inputs.groups[own]
        block = FeatureBlock(features[own], features[others], groups)
        odds = cross_fitted_scores(block, settings.inverse_penalty, rng, config.two_sample).train
        corrupted = np.argsort(odds, kind="stable")[: round((1.0 - foreign) * count)]
        probability = np.ones(count)
        probability[corrupted] = 0.0
        out[own] = probability
    return out
