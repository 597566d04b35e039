"""Leave-one-out and LDS on a model whose retraining is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from common.errors import UserError
from influence.ground_truth import (
    Losses,
    leave_one_out,
    linear_datamodeling_scores,
    random_subsets,
    rank_correlations,
    subset_losses,
)

N, M = 12, 4


def additive(effects: np.ndarray, own: np.ndarray) -> Callable[[NDArray[np.bool_]], Losses]:
    """A model whose loss is the sum of effects of the samples that it was trained on."""

    def retrain(masks: NDArray[np.bool_]) -> Losses:
        kept = masks.astype(float)
        return Losses(10.0 - kept * own, 5.0 - kept @ effects)

    return retrain


@pytest.fixture
def effects() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((N, M))


@pytest.mark.parametrize("at_once", [1, 5, 64])
def test_leave_one_out_finds_what_each_sample_adds(effects: np.ndarray, at_once: int) -> None:
    own = np.arange(N, dtype=float)
    rows = np.array([7, 0, 11, 3, 2, 5])
    found = leave_one_out(additive(effects, own), N, rows, at_once)
    np.testing.assert_allclose(found.on_validation, effects[rows])
    np.testing.assert_allclose(found.on_itself, own[rows])
    np.testing.assert_array_equal(found.rows, rows)


def test_subsets_are_of_equal_size_and_differ() -> None:
    masks = random_subsets(N, 40, 0.5, np.random.default_rng(0))
    assert masks.shape == (40, N)
    assert (masks.sum(axis=1) == 6).all()
    assert len(np.unique(masks, axis=0)) > 30
    np.testing.assert_allclose(masks.mean(axis=0), 0.5, atol=0.25)


@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_subsets_leave_some_in_and_some_out(share: float) -> None:
    with pytest.raises(UserError, match="share must keep at least 1 and at most 11 samples, got"):
        random_subsets(N, 3, share, np.random.default_rng(0))


def test_the_score_of_the_truth_is_one_and_of_its_opposite_minus_one(effects: np.ndarray) -> None:
    masks = random_subsets(N, 30, 0.5, np.random.default_rng(0))
    losses = subset_losses(additive(effects, np.ones(N)), masks, at_once=7)
    np.testing.assert_allclose(linear_datamodeling_scores(effects, masks, losses), 1.0)
    np.testing.assert_allclose(linear_datamodeling_scores(-effects, masks, losses), -1.0)
    unrelated = np.random.default_rng(1).standard_normal((N, M))
    assert np.abs(linear_datamodeling_scores(unrelated, masks, losses)).mean() < 0.6


def test_rank_correlations_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (6, 30)).astype(float), rng.standard_normal((6, 30))
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(rank_correlations(first, second), expected)


def test_rank_correlation_of_a_constant_row_is_undefined() -> None:
    assert np.isnan(rank_correlations(np.ones((1, 5)), np.arange(5.0)[None]))
