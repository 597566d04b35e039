"""Samples of a kind that the reference set lacks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from influence.diagnosis.config import DEFAULT
from influence.diagnosis.inputs import FeatureBlock
from influence.diagnosis.novelty import detect_novelty
from influence.diagnosis.two_sample import cross_fitted_scores


@pytest.mark.slow
def test_few_reference_samples_suffice_for_glitches_that_are_common_in_training() -> None:
    """Separated from 300 reference samples alone, half of 300 glitches are found."""
    rng = np.random.default_rng(0)
    is_glitch = np.arange(3000) < 300
    train = rng.normal(size=(3000, 300)).astype(np.float32)
    train[is_glitch, :20] += 1.2
    block = FeatureBlock(train, rng.normal(size=(300, 300)).astype(np.float32))
    posterior = detect_novelty((block,), rng, DEFAULT).posterior

    def hits(scores: NDArray[np.float64]) -> float:
        return float(is_glitch[np.argsort(-scores)[: is_glitch.sum()]].mean())

    first = cross_fitted_scores(
        block, DEFAULT.novelty.stage_inverse_penalty, rng, DEFAULT.two_sample
    )
    assert hits(first.train) < 0.6
    assert hits(posterior) > 0.95
    assert posterior.sum() == pytest.approx(300, rel=0.1)
