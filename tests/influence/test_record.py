"""What a record refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_records import identity_body, tiny_record
from torch import nn

from common.errors import UserError
from influence.record import Checkpoints, TrainingRecord


def with_head(head: nn.Module) -> Checkpoints:
    record = tiny_record(identity_body, 3)
    network = nn.ModuleDict({"body": nn.Identity(), "head": head})
    return replace(record.checkpoints, network=network)


def test_last_layer_must_be_linear() -> None:
    record = tiny_record(identity_body, 3)
    with pytest.raises(UserError, match=r"nn\.Linear.*Sequential"):
        TrainingRecord(record.trace, with_head(nn.Sequential(nn.Linear(5, 3), nn.Tanh())))


def test_a_network_without_a_head() -> None:
    record = tiny_record(identity_body, 3)
    with pytest.raises(UserError, match=r"nn\.Linear.*NoneType"):
        TrainingRecord(record.trace, replace(record.checkpoints, network=nn.Linear(5, 3)))


@pytest.mark.parametrize("bias", [True, False])
def test_trace_and_network_agree_on_the_bias(bias: bool) -> None:
    record = tiny_record(identity_body, 3, bias=bias)
    with pytest.raises(UserError, match=f"bias={bias} in the trace and {not bias} in the network"):
        TrainingRecord(record.trace, with_head(nn.Linear(5, 3, bias=not bias)))


def test_a_checkpoint_is_missing() -> None:
    record = tiny_record(identity_body, 3)
    fewer = replace(record.checkpoints, states=record.checkpoints.states[:2])
    with pytest.raises(UserError, match=r"each of the 3 epochs.*got 2"):
        TrainingRecord(record.trace, fewer)
