"""The datasets of a grid, each loaded once before anything runs: whether they are sound, what
they hold and how large they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.machine import MIB
from experiments.training.build import build, check_weights
from experiments.training.context import TrialContext
from experiments.trial.inject import inject
from experiments.trial.load import data_options, load_dataset
from experiments.trial.spec import TrialSpec
from experiments.trial.split import draw_subset, split

DataKey = tuple[str, str | None, str | None]
"""What names the content of a dataset in a spec: its name, label column and marks of glitches."""


@dataclass(frozen=True)
class Surveyed:
    """What a dataset holds.

    Attributes:
        digest: of its content.
        rows: samples.
        sample_shape: of one sample.
        n_classes: C.
        itemsize: bytes of one value.
    """

    digest: str
    rows: int
    sample_shape: tuple[int, ...]
    n_classes: int
    itemsize: int

    @property
    def mib(self) -> float:
        """Size of the samples in memory, MiB."""
        return self.rows * prod(self.sample_shape) * self.itemsize / MIB


def data_key(spec: TrialSpec) -> DataKey:
    """What names the data of a trial."""
    return spec.dataset, spec.label, spec.known_glitch


def survey(specs: Iterable[TrialSpec], context: TrialContext) -> dict[DataKey, Surveyed]:
    """Load every dataset of these trials, and open every file of published weights, once.

    Raises ``UserError`` naming the first that is missing, truncated or altered.
    """
    found: dict[DataKey, Surveyed] = {}
    seen: set[object] = set()
    for spec in specs:
        key = data_key(spec)
        if key not in found:
            found[key] = _load(spec.dataset, data_options(spec, context))
        if spec.foreign is not None and spec.foreign not in seen:
            seen.add(spec.foreign)
            _load(spec.foreign, DataOptions(context.data_root))
        model = (spec.model, spec.pretrained)
        if spec.pretrained and model not in seen:
            seen.add(model)
            check_weights(spec.model, context)
    return found


def _load(name: str, options: DataOptions) -> Surveyed:
    # past the cache of loaded datasets: what is surveyed need not stay in memory
    data = source_for(name, options.data_root).load(options)
    return Surveyed(
        data.digest, len(data), tuple(data.x.shape[1:]), data.n_classes, data.x.dtype.itemsize
    )


def rehearse(spec: TrialSpec, context: TrialContext) -> None:
    """Load, split, inject and build as the trial will, and train nothing.

    Raises ``UserError`` where the data, the glitch or the weights do not allow it.
    """
    data = load_dataset(spec, context).data
    pool = draw_subset(data, spec.subset, spec.seed)
    clean, _ = split(pool, spec.seed)
    train = inject(spec, context, clean, pool)
    build(spec, replace(context, device="cpu"), train.data)
