"""From raw samples to what the trained part of the model takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from common.dataset import Dataset
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
from models.feature_cache import FeatureCache
from models.training import fit, predict_after_training


@dataclass(frozen=True)
class Prepared:
    """A model and its inputs.

    Attributes:
        model: freshly built.
        train, validation: inputs of the model's body, n and m rows.
    """

    model: Model
    train: Tensor
    validation: Tensor
    _x_train: NDArray[np.generic]
    _x_validation: NDArray[np.generic]
    _y_train: NDArray[np.int64]
    _y_validation: NDArray[np.int64]
    _features: FeatureCache
    _pool: NDArray[np.generic]

    def fit(self, spec: ModelSpec, context: TrialContext) -> TrainingRecord:
        """Train the model in place, as :func:`models.training.fit` does."""
        return fit(
            self.model.network,
            self.train,
            self._y_train,
            self.validation,
            self._y_validation,
            spec.settings,
            seed=derive_seed(spec.seed, "train"),
            device=context.device,
        )

    def accuracy(self, spec: ModelSpec, context: TrialContext) -> float:
        """Train the model in place, without a trace, and validate it."""
        predicted = predict_after_training(
            self.model.network,
            self.train,
            self._y_train,
            self.validation,
            spec.settings,
            seed=derive_seed(spec.seed, "train"),
            device=context.device,
        )
        return float((predicted == self._y_validation).mean())

    def evidence(
        self,
        profile: Profile,
        trace: Trace,
        seed: int,
        rows: NDArray[np.int64] | None = None,
    ) -> Evidence:
        """What signals may look at.

        Args:
            profile: of the trace.
            trace: of all training rows, or of ``rows`` alone.
            seed: of signals that draw at random.
            rows: training rows to look at; default all.
        """
        return Evidence(
            full_profile=profile,
            profile=profile.cumulative,
            labels=trace.train.labels,
            validation_labels=self._y_validation,
            n_classes=trace.n_classes,
            seed=seed,
            _trace=trace,
            _counterfactual=partial(exact_profile, trace),
            _stages=cache(partial(self._stages_of, rows)),
            _train_support=cache(partial(train_support, trace)),
        )

    def _stages_of(self, rows: NDArray[np.int64] | None) -> tuple[Stages, Stages]:
        train, validation = self.stages()
        if rows is not None:
            train = {name: stage[rows] for name, stage in train.items()}
        return train, validation

    def stages(self) -> tuple[Stages, Stages]:
        """Pooled outputs of the stages by name, of train (n, d_s) and validation (m, d_s)."""
        frozen = self.model.frozen
        if frozen is None:
            return (
                {"input": _flat(self._x_train)},
                {"input": _flat(self._x_validation)},
            )
        return (
            self._features.stages(frozen, self._x_train, self._pool),
            self._features.stages(frozen, self._x_validation, self._pool),
        )


def prepare(
    spec: ModelSpec, context: TrialContext, train: Dataset, validation: Dataset, pool: Dataset
) -> Prepared:
    """Build the model and its inputs.

    Tables are standardised with mean and deviation of the training set as it is. What frozen
    layers make of a sample of ``pool`` (the drawn subset before the split) is computed once and
    shared through the cache.
    """
    torch.manual_seed(derive_seed(spec.seed, "build"))
    model = build(spec, context, train)
    features = FeatureCache(context.cache)
    x_train, x_validation = train.x, validation.x
    if train.modality == "tabular":
        scaler = StandardScaler().fit(x_train)
        x_train = scaler.transform(x_train).astype(np.float32)
        x_validation = scaler.transform(x_validation).astype(np.float32)
    if model.frozen is None:
        inputs = model.inputs(x_train), model.inputs(x_validation)
    else:
        inputs = (
            torch.from_numpy(features.features(model.frozen, x_train, pool.x)),
            torch.from_numpy(features.features(model.frozen, x_validation, pool.x)),
        )
    return Prepared(model, *inputs, x_train, x_validation, train.y, validation.y, features, pool.x)


def _flat(x: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
