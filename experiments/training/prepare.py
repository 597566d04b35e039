"""From raw samples to a model and its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from common.dataset import Dataset
from common.errors import UserError
from common.seeds import derive_seed
from experiments.training.build import ModelSpec, build
from experiments.training.context import TrialContext
from influence.estimators.exact import exact_profile
from influence.evidence import Evidence, Stages
from influence.profile import Profile
from influence.record import TrainingRecord
from influence.trace import Trace
from influence.train_support import train_support
from models.base import Model
from models.feature_cache import CachedOutputs, FeatureCache
from models.training import LabelledInputs, fit, predict_after_training

CHUNK = 4096
"""Samples that become inputs at once."""
FEATURES = "features"
"""The step whose progress the context is told."""
INPUT = "input"
"""The only stage of a model without frozen layers."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some samples of a dataset: one side of a training.

    Attributes:
        data: the dataset.
        rows: of the samples, (n,).
        outputs: of the frozen layers of the model, if it has any, for all samples of ``data``; with
            them, samples themselves are not needed.
    """

    data: Dataset
    rows: Rows
    outputs: CachedOutputs | None = None

    @classmethod
    def whole(cls, data: Dataset, outputs: CachedOutputs | None = None) -> Part:
        """All samples."""
        return cls(data, np.arange(len(data)), outputs)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def y(self) -> Rows:
        """Labels, (n,)."""
        return self.data.y[self.rows]

    def samples(self) -> Dataset:
        """The samples, copied."""
        return self.data.take(self.rows)

    def frozen_outputs(self) -> CachedOutputs | None:
        """Those of the samples."""
        return None if self.outputs is None else self.outputs.take(self.rows)


class StageReader(Protocol):
    """Reads the stages of both parts of a training, which may be much larger than their inputs."""

    def __call__(
        self, rows: Rows | None = None, wanted: Callable[[str], bool] = ...
    ) -> tuple[Stages, Stages]:
        """Stages by name, those whose names are ``wanted``, of some training samples, by default
        of all, and of all validation samples."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A model and its inputs, ready to be trained once.

    Attributes:
        model: freshly built, on the device of the context.
        train, validation: inputs of the body and labels, n and m rows.
        spec: model, settings and seed.
        stages: returns the pooled outputs of the stages by name, of the training samples (n, d_s)
            and of the validation samples (m, d_s); see :class:`StageReader`.
    """

    model: Model
    train: LabelledInputs
    validation: LabelledInputs
    spec: ModelSpec
    stages: StageReader

    def fit(self) -> TrainingRecord:
        """Train the model in place, as :func:`models.training.fit` does."""
        return fit(
            self.model.network,
            self.train,
            self.validation,
            self.spec.settings,
            seed=derive_seed(self.spec.seed, "train"),
        )

    def accuracy(self) -> float:
        """Train the model in place, without a trace; its accuracy on the validation samples."""
        predicted = predict_after_training(
            self.model.network,
            self.train,
            self.validation.x,
            self.spec.settings,
            seed=derive_seed(self.spec.seed, "train"),
        )
        return float((predicted == self.validation.y).mean())

    def evidence(
        self, profile: Profile, trace: Trace, rows: NDArray[np.int64] | None = None
    ) -> Evidence:
        """What signals may use.

        Args:
            profile: of the trace.
            trace: of all training samples, or of ``rows`` only.
            rows: training samples to score; default all.
        """

        return Evidence(
            full_profile=profile,
            profile=profile.cumulative,
            labels=trace.train.labels,
            validation_labels=self.validation.y,
            n_classes=trace.n_classes,
            seed=self.spec.seed,
            _trace=trace,
            _counterfactual=partial(exact_profile, trace),
            _stages=cache(partial(self.stages, rows)),
            _train_support=cache(partial(train_support, trace)),
        )


def prepare(
    spec: ModelSpec, context: TrialContext, train: Dataset, validation: Dataset, pool: Dataset
) -> Prepared:
    """Build the model and its inputs.

    Tables are standardised with mean and standard deviation of the training set as it is. The
    outputs of frozen layers are computed once for each sample of ``pool`` (the drawn subset before
    the split) and shared through the cache of the context.
    """
    model = _seeded_model(spec, context, train)
    frozen, cache = model.frozen, FeatureCache(context.cache)
    of_train, of_validation = (
        Part.whole(part, None if frozen is None else cache.outputs(frozen, part.x, pool.x))
        for part in (train, validation)
    )
    return _prepared(model, spec, context, of_train, of_validation)


def embed(spec: ModelSpec, context: TrialContext, *sets: Dataset) -> list[Part]:
    """All samples of each set, with the outputs of the frozen layers if the model has any."""
    frozen = build(spec, context, sets[0]).frozen
    if frozen is None:
        return [Part.whole(data) for data in sets]
    cache = FeatureCache(context.cache, progress=partial(context.progress, FEATURES))
    return [Part.whole(data, cache.outputs(frozen, data.x, data.x)) for data in sets]


def prepare_parts(
    spec: ModelSpec, context: TrialContext, train: Part, validation: Part
) -> Prepared:
    """As :func:`prepare` does, from samples whose frozen features are known, if there are any."""
    model = _seeded_model(spec, context, train.data)
    return _prepared(model, spec, context, train, validation)


def _seeded_model(spec: ModelSpec, context: TrialContext, train: Dataset) -> Model:
    """The model, whose initial weights depend on the seed alone."""
    torch.manual_seed(derive_seed(spec.seed, "build"))
    return build(spec, context, train)


def _prepared(
    model: Model, spec: ModelSpec, context: TrialContext, train: Part, validation: Part
) -> Prepared:
    parts = (train, validation)
    outputs = [found for part in parts if (found := part.frozen_outputs()) is not None]
    if outputs:
        inputs = [torch.from_numpy(each.features()) for each in outputs]
    else:
        samples = [part.samples() for part in parts]
        x = [part.x for part in samples]
        if train.data.modality == "tabular":
            x = _standardised(*samples)
        inputs = [_inputs(model, each) for each in x]
    model.network.to(context.device)

    def stages(
        rows: Rows | None = None, wanted: Callable[[str], bool] = lambda name: True
    ) -> tuple[Stages, Stages]:
        if outputs:
            of_train, of_validation = outputs
            of_train = of_train if rows is None else of_train.take(rows)
            return of_train.stages(wanted), of_validation.stages(wanted)
        train_x, validation_x = x
        return (
            {INPUT: _flat(train_x if rows is None else train_x[rows])},
            {INPUT: _flat(validation_x)},
        )

    return Prepared(
        model,
        LabelledInputs(inputs[0], train.y),
        LabelledInputs(inputs[1], validation.y),
        spec,
        stages,
    )


def _inputs(model: Model, x: NDArray[np.generic]) -> Tensor:
    """The input of the body, in chunks: images may be larger in memory than what is made of
    them."""
    return torch.cat([model.inputs(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)])


def _standardised(train: Dataset, validation: Dataset) -> list[NDArray[np.generic]]:
    """Both tables with mean 0 and standard deviation 1 in training, as float32.

    Columns are centred and scaled in the precision of the table, so that a table in float64 may
    hold numbers that float32 cannot.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler().fit(train.x)
        scaled = [
            scaler.transform(part.x).astype(np.float32, copy=False) for part in (train, validation)
        ]
    for part in scaled:
        # the smallest and the largest value, since a mask of all values would take much memory
        lost = ~np.isfinite([part.min(axis=0), part.max(axis=0)]).all(axis=0)
        if lost.any():
            column = int(np.flatnonzero(lost)[0])
            name = train.feature_names[column] if train.feature_names else column
            raise UserError(
                f"dataset {train.name!r}: column {name!r} has values too far apart to be "
                "standardised: remove or clip the extreme ones"
            )
    return [*scaled]


def _flat(x: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
