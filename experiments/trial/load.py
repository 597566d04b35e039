"""Loading the data of trials."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from common.dataset import Dataset
from experiments.datasets.base import DataOptions
from experiments.datasets.corrupted import published_images
from experiments.datasets.lookup import source_for
from experiments.training.context import TrialContext
from experiments.trial.spec import TrialSpec
from glitches.base import Donors


@lru_cache(maxsize=2)
def _load(name: str, options: DataOptions) -> Dataset:
    data = source_for(name, options.data_root).load(options)
    data.x.setflags(write=False)
    data.y.setflags(write=False)
    return data


def data_options(spec: TrialSpec, context: TrialContext) -> DataOptions:
    """What the source of the trial's dataset may use."""
    return DataOptions(context.data_root, spec.label, spec.known_glitch, context.cache)


def load_dataset(spec: TrialSpec, context: TrialContext) -> Dataset:
    """The trial's dataset, read-only; the last two are kept in memory between trials."""
    return _load(spec.dataset, data_options(spec, context))


def load_donors(spec: TrialSpec, context: TrialContext, pool: Dataset) -> Donors:
    """Where the glitch of the trial may take samples from, other than the drawn subset ``pool``."""
    options = DataOptions(context.data_root)
    return Donors(
        foreign=None if spec.foreign is None else _load(spec.foreign, options),
        spare=partial(_spare, spec, context, pool),
        published=partial(published_images, spec.dataset, options),
    )


def _spare(spec: TrialSpec, context: TrialContext, pool: Dataset) -> Dataset:
    whole = load_dataset(spec, context)
    return whole.take(np.flatnonzero(~np.isin(whole.source_index, pool.source_index)))
