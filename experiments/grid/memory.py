"""Memory that a trial will need, estimated from shapes before one like it has run."""

from __future__ import annotations

from math import prod

from experiments.grid.inventory import Surveyed
from experiments.machine import MIB
from experiments.trial.spec import TrialSpec

BASE_MIB = 1150.0
"""A worker that has loaded its libraries and run a trial on next to no data."""

_FLOAT = 4
_COPIES = 3
"""Of the samples of a trial: as loaded, as prepared, and as the model takes them."""
_FROZEN_FEATURES = 8192
"""Values a sample that the trained part of a pretrained network takes, at most."""
_LAST_LAYER = 768
"""Inputs of the last layer, at most."""


def footprint_mib(spec: TrialSpec, data: Surveyed) -> float:
    """Peak resident memory of a trial, MiB: the process, its datasets, its samples and its trace.

    Args:
        spec: the trial.
        data: its dataset.
    """
    samples = data.rows * spec.subset
    values = prod(data.sample_shape)
    if spec.pretrained:
        values = max(values, _FROZEN_FEATURES)
    trace = spec.epochs * (_LAST_LAYER + 2 * data.n_classes)
    return BASE_MIB + 2 * data.mib + samples * (_COPIES * values + trace) * _FLOAT / MIB
