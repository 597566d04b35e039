"""What a trial returns, before anything is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from common.dataset import Dataset
from experiments.trial.spec import TrialSpec
from glitches.contaminated import Contaminated
from influence.profile import Profile


@dataclass(frozen=True)
class TrialResult:
    """Everything that a trial produced.

    Attributes:
        spec: the trial.
        dataset: name and digest of the data that the subset was drawn from.
        train: the contaminated training set with its error table, in training order.
        validation: the clean validation set.
        scores: the error table and one column per signal, one row per training sample.
        metrics: final metrics by MLflow name, such as ``f1/self_influence``.
        epoch_metrics: per-epoch metrics by MLflow name; item t is epoch t + 1.
        profile: the influence profile.
        seconds: wall time by step.
        peak_rss_mib: peak resident memory of the process, MiB.
        tables: further tables to store, by file name (``.parquet``).
    """

    spec: TrialSpec
    dataset: DatasetIdentity
    train: Contaminated
    validation: Dataset
    scores: pd.DataFrame
    metrics: dict[str, float]
    epoch_metrics: dict[str, list[float]]
    profile: Profile
    seconds: dict[str, float]
    peak_rss_mib: float
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetIdentity:
    """The description of a dataset that is logged with a run."""

    name: str
    digest: str
    rows: int
    n_classes: int
    modality: str

    @classmethod
    def of(cls, data: Dataset) -> DatasetIdentity:
        """The description of this dataset."""
        return cls(data.name, data.digest, len(data), data.n_classes, data.modality)
