"""The classifier two-sample test and the density ratio of its scores."""

from __future__ import annotations

import numpy as np

from influence.diagnosis.config import DEFAULT
from influence.diagnosis.two_sample import (
    Scores,
    excess_p_value,
    excess_posterior,
    random_folds,
    rank_among_reference,
)

CONFIG = DEFAULT.two_sample


def test_scores_of_one_distribution_have_no_excess() -> None:
    rng = np.random.default_rng(0)
    same = Scores(rng.normal(size=2000), rng.normal(size=500))
    assert excess_p_value(same, CONFIG) > 0.01
    assert excess_posterior(same, CONFIG).mean() < 0.05
    more = Scores(np.concatenate([same.train, rng.normal(6, 1, 100)]), same.reference)
    assert excess_p_value(more, CONFIG) < 1e-4
    posterior = excess_posterior(more, CONFIG)
    assert posterior[2000:].mean() > 0.9
    assert posterior[:2000].mean() < 0.05


def test_folds_hold_whole_groups_and_do_not_depend_on_their_numbers() -> None:
    groups = np.random.default_rng(0).integers(0, 40, 400)
    fold = random_folds(400, 5, np.random.default_rng(1), groups)
    assert all(len(np.unique(fold[groups == group])) == 1 for group in range(40))
    assert np.ptp(np.bincount(fold)) <= np.bincount(groups).max()
    renumbered = np.random.default_rng(2).permutation(40)[groups]
    again = random_folds(400, 5, np.random.default_rng(1), renumbered)
    np.testing.assert_array_equal(fold, again)


def test_ranks_among_reference_samples() -> None:
    rank = rank_among_reference(Scores(np.array([-1.0, 0.5, 9.0, 10.0]), np.array([0.0, 1.0])))
    assert (np.diff(rank) > 0).all()
    assert rank.max() < 1.0
