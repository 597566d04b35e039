"""What holds for every registered estimator."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_records import EPOCHS, M, N, conv_body, identity_body, tiny_record

from influence.estimators import ESTIMATORS


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("body", [identity_body, conv_body])
def test_profile_and_matrix_agree(name: str, body: object) -> None:
    record = tiny_record(body, 3)
    profile = ESTIMATORS[name].profile(record)
    matrix, own = ESTIMATORS[name].matrix(record)
    members = np.eye(3)[record.trace.validation.labels]
    assert profile.positive.shape == profile.negative.shape == (EPOCHS + 1, N, 3)
    assert matrix.shape == (N, M)
    np.testing.assert_allclose(profile.positive[-1], np.maximum(matrix, 0) @ members, rtol=1e-9)
    np.testing.assert_allclose(profile.negative[-1], np.minimum(matrix, 0) @ members, rtol=1e-9)
    np.testing.assert_allclose(profile.self_influence[-1], own, rtol=1e-9)
    assert (own >= 0).all()
    np.testing.assert_array_equal(profile.class_counts, members.sum(0))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_random_numbers_of_the_caller_are_left_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    ESTIMATORS[name].profile(tiny_record(identity_body, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
