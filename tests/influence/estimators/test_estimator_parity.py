"""All TracIn estimators against the definition, in double precision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.influence import TracInCPFast
from tiny_records import BODIES, conv_body, identity_body, mlp_body, tiny_record
from torch import nn

from influence.estimators import ESTIMATORS
from influence.estimators.exact import exact_profile
from influence.estimators.naive import NAIVE, NAIVE_ALL_LAYERS
from influence.profile import Profile
from models.base import Network

LAST_LAYER = ["exact", "captum", "captum_fast"]


def assert_equal(found: Profile, expected: Profile) -> None:
    for name in ("self_influence", "positive", "negative"):
        want = getattr(expected, name)
        np.testing.assert_allclose(getattr(found, name), want, rtol=1e-8, err_msg=name)
    np.testing.assert_array_equal(found.class_counts, expected.class_counts)


@pytest.mark.parametrize("name", LAST_LAYER)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_one_inner_product_a_pair(name: str, body: object, classes: int, bias: bool) -> None:
    record = tiny_record(body, classes, bias=bias)
    assert_equal(ESTIMATORS[name].profile(record), NAIVE.profile(record))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("classes", [2, 10])
def test_all_trained_layers(body: object, classes: int) -> None:
    """Batch normalisation included."""
    record = tiny_record(body, classes)
    found = ESTIMATORS["captum_all_layers"].profile(record)
    assert_equal(found, NAIVE_ALL_LAYERS.profile(record))
    if body is not identity_body:
        assert (found.self_influence > NAIVE.profile(record).self_influence).all()


def test_layers_that_are_not_trained_do_not_count() -> None:
    record = tiny_record(mlp_body, 3)
    record.checkpoints.network.body.requires_grad_(False)
    found = ESTIMATORS["captum_all_layers"].profile(record)
    assert_equal(found, NAIVE.profile(record))


def test_captum_fast_itself_takes_no_notice_of_the_bias() -> None:
    """Why :class:`CaptumTracInCPFast` shows it the bias as a weight."""
    record = tiny_record(conv_body, 3)
    trace, checkpoints = record.trace, record.checkpoints
    y_train, y_validation = (
        torch.from_numpy(samples.labels) for samples in (trace.train, trace.validation)
    )

    def load(_: nn.Module, epoch: int) -> float:
        checkpoints.at(epoch)
        return float(trace.learning_rates[epoch - 1])

    train = torch.utils.data.TensorDataset(checkpoints.x_train, y_train)
    captum = TracInCPFast(
        checkpoints.network,
        checkpoints.network.head,
        train,
        [1, 2, 3],
        load,
        nn.CrossEntropyLoss(reduction="sum"),
        batch_size=4,
    )
    influence = captum.influence((checkpoints.x_validation, y_validation)).detach().numpy()
    without = exact_profile(replace(trace, bias=False))
    with_bias = exact_profile(trace)
    np.testing.assert_allclose(influence.sum(0), without.cumulative.by_class.sum(1), rtol=1e-8)
    assert not np.allclose(influence.sum(0), with_bias.cumulative.by_class.sum(1), rtol=1e-3)


@pytest.mark.parametrize("name", ["captum", "captum_fast", "captum_all_layers"])
def test_the_record_is_left_as_it_was(name: str) -> None:
    record = tiny_record(mlp_body, 3)
    network = record.checkpoints.network.train()
    assert isinstance(network, Network)
    network.body.requires_grad_(False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    ESTIMATORS[name].profile(record)
    assert network.training
    assert not any(p.requires_grad for p in network.body.parameters())
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])
