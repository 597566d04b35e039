"""What trials need from disk: datasets, published weights and published corrupted images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from experiments.datasets.base import DataOptions
from experiments.datasets.corrupted import CORRUPTED, published_images
from experiments.datasets.lookup import source_for
from experiments.machine import MIB
from experiments.training.build import build, check_weights, missing_weights
from experiments.training.context import TrialContext
from experiments.trial.inject import inject
from experiments.trial.load import data_options, load_dataset
from experiments.trial.spec import TrialSpec
from experiments.trial.split import draw_subset, split
from models import MODELS

DataKey = tuple[str, str | None, str | None]
"""Identifies the data of a trial: dataset, label column and column of known glitches."""


def data_key(spec: TrialSpec) -> DataKey:
    """Identifies the data of a trial."""
    return spec.dataset, spec.label, spec.known_glitch


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset once it was loaded.

    Attributes:
        digest: hash of its content.
        mib: size of its samples in memory, MiB.
        notes: one sentence for each thing that reading changed or left out.
    """

    digest: str
    mib: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Data:
    """A dataset of a trial, or the one that far-clustered anomalies come from."""

    name: str
    options: DataOptions

    def __str__(self) -> str:
        return self.name

    def missing(self) -> str | None:
        """What is missing and where it would go; ``None`` if nothing."""
        return source_for(self.name, self.options.data_root).missing(self.options)

    def load(self) -> DatasetFacts:
        """Download what is missing and read it. Raises ``UserError`` where that fails."""
        # not through the cache of loaded datasets: these need not stay in memory
        data = source_for(self.name, self.options.data_root).load(self.options)
        return DatasetFacts(data.digest, data.x.nbytes / MIB, data.notes)


@dataclass(frozen=True)
class Weights:
    """The published weights of a model."""

    model: str
    context: TrialContext

    def __str__(self) -> str:
        return f"weights of {self.model}"

    def missing(self) -> str | None:
        """As of :class:`Data`."""
        settings = replace(MODELS[self.model].defaults, pretrained=True)
        return missing_weights(self.model, settings, self.context)

    def load(self) -> None:
        """As of :class:`Data`."""
        check_weights(self.model, self.context)


@dataclass(frozen=True)
class CorruptedImages:
    """The published images of one corruption of a dataset."""

    dataset: str
    corruption: str
    severity: int | None
    options: DataOptions

    def __str__(self) -> str:
        return f"{self.corruption} images of {self.dataset}"

    def missing(self) -> str | None:
        """As of :class:`Data`."""
        return CORRUPTED[self.dataset].missing(self.corruption, self.options)

    def load(self) -> None:
        """As of :class:`Data`."""
        published_images(self.dataset, self.options, self.corruption, self.severity)


Requirement = Data | Weights | CorruptedImages


def requirements(spec: TrialSpec, context: TrialContext) -> list[Requirement]:
    """What a trial needs from disk."""
    plain = DataOptions(context.data_root)
    found: list[Requirement] = [Data(spec.dataset, data_options(spec, context))]
    if spec.foreign is not None:
        found.append(Data(spec.foreign, plain))
    if spec.pretrained:
        found.append(Weights(spec.model, context))
    for corruption, severity in spec.plan.published():
        found.append(CorruptedImages(spec.dataset, corruption, severity, plain))
    return found


def missing_for(spec: TrialSpec, context: TrialContext) -> list[str]:
    """What a trial lacks, and where each would go."""
    return [text for need in requirements(spec, context) if (text := need.missing()) is not None]


def fetch(specs: Iterable[TrialSpec], context: TrialContext, say: Callable[[str], None]) -> None:
    """Download what these trials lack, once; ``say`` is told what comes next.

    Raises ``UserError`` where something cannot be had.
    """
    for need in _distinct(specs, context):
        if need.missing() is not None:
            say(f"downloading {need}")
            need.load()


def load_all(specs: Iterable[TrialSpec], context: TrialContext) -> dict[DataKey, DatasetFacts]:
    """Read everything that these trials need, once, and describe their datasets.

    Raises ``UserError`` naming the first file that is missing, truncated or altered.
    """
    found = {}
    for need in _distinct(specs, context):
        facts = need.load()
        if isinstance(need, Data) and facts is not None:
            found[need.name, need.options.label, need.options.glitch] = facts
    return found


def rehearse(spec: TrialSpec, context: TrialContext) -> None:
    """Load, split, inject and build the model as the trial will, without training.

    Raises ``UserError`` where data, glitch or weights do not allow it.
    """
    pool = draw_subset(load_dataset(spec, context), spec.subset, spec.seed)
    clean, _ = split(pool, spec.seed)
    train = inject(spec, context, clean, pool)
    build(spec, replace(context, device="cpu"), train.data)


def _distinct(specs: Iterable[TrialSpec], context: TrialContext) -> list[Requirement]:
    return list(dict.fromkeys(need for spec in specs for need in requirements(spec, context)))
