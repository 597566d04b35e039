"""Trials that do nothing, with minimal results or results of the size of a real trial."""

from __future__ import annotations

from functools import cache

import numpy as np

from common.dataset import Dataset
from experiments.training.context import TrialContext
from experiments.trial.result import DatasetIdentity, TrialResult
from experiments.trial.spec import TrialSpec
from glitches.contaminated import Contaminated
from influence.profile import Profile
from influence.signals import PAPER

SIZES = {"nothing": (20, 2, 3), "results of MNIST's size": (4_800, 10, 7)}
"""Training samples, classes and epochs of the results."""


def run_nothing(spec: TrialSpec, context: TrialContext) -> TrialResult:
    """A result of twenty samples."""
    return _result(spec, *SIZES["nothing"])


def run_large(spec: TrialSpec, context: TrialContext) -> TrialResult:
    """A result as large as that of a trial on MNIST."""
    return _result(spec, *SIZES["results of MNIST's size"])


TARGETS = {"nothing": "idle_trial:run_nothing", "results of MNIST's size": "idle_trial:run_large"}


@cache
def _profile(n: int, classes: int, epochs: int) -> Profile:
    rng = np.random.default_rng(0)
    shape = epochs + 1, n, classes
    positive, negative = (rng.random(shape, dtype=np.float32) for _ in range(2))
    own = rng.random(shape[:2], dtype=np.float32)
    return Profile(own, positive, -negative, np.full(classes, n // classes))


@cache
def _samples(n: int, classes: int) -> Dataset:
    x, y = np.zeros((n, 3), np.float32), np.arange(n, dtype=np.int64) % classes
    return Dataset("wine", "tabular", x, y, tuple(map(str, range(classes))), np.arange(n))


def _result(spec: TrialSpec, n: int, classes: int, epochs: int) -> TrialResult:
    data = _samples(n, classes)
    train = Contaminated.clean(data).marked(np.arange(n // 10), spec.glitch)
    scores = train.error_table()
    for number, signal in enumerate(PAPER):
        scores[signal] = np.random.default_rng(number).random(n)
    metrics = ("f1", "average_precision", "roc_auc")
    return TrialResult(
        spec=spec,
        dataset=DatasetIdentity("wine", data.digest, n, classes, "tabular"),
        train=train,
        validation=data,
        scores=scores,
        metrics={f"{metric}/{signal}": 0.5 for metric in metrics for signal in PAPER},
        epoch_metrics={f"epoch_f1/{signal}": [0.5] * epochs for signal in PAPER},
        profile=_profile(n, classes, epochs),
        seconds={"load": 0.001, "train": 0.002},
        peak_rss_mib=100.0,
    )
