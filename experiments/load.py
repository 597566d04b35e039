"""Loading the data of a trial, once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from common.data import Dataset
from experiments.context import TrialContext
from experiments.datasets.base import DataOptions
from experiments.datasets.resolve import source_for
from experiments.result import DatasetIdentity
from experiments.spec import TrialSpec


@dataclass(frozen=True)
class LoadedDataset:
    """A dataset and what MLflow says of it."""

    data: Dataset
    identity: DatasetIdentity


@lru_cache(maxsize=2)
def _load(name: str, options: DataOptions) -> LoadedDataset:
    data = source_for(name).load(options)
    data.x.setflags(write=False)
    data.y.setflags(write=False)
    return LoadedDataset(
        data,
        DatasetIdentity(data.name, data.digest, len(data), data.n_classes, data.modality),
    )


def load_dataset(spec: TrialSpec, context: TrialContext) -> LoadedDataset:
    """The trial's dataset, read-only; the last two are kept in memory between trials."""
    return _load(spec.dataset, context.data_options(spec))


def load_foreign(spec: TrialSpec, context: TrialContext) -> Dataset | None:
    """The dataset of far-clustered anomalies, where the trial's glitch wants one."""
    if spec.foreign is None:
        return None
    return _load(spec.foreign, DataOptions(context.data_root)).data
