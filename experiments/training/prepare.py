"""From raw samples to a model and its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

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
from models.feature_cache import FeatureCache
from models.training import LabelledInputs, fit, predict_after_training


@dataclass(frozen=True)
class Prepared:
    """A model and its inputs, ready to be trained once.

    Attributes:
        model: freshly built, on the device of the context.
        train, validation: inputs of the body and labels, n and m rows.
        spec: model, settings and seed.
        stages: returns the pooled outputs of the stages by name, of the training samples (n, d_s)
            and of the validation samples (m, d_s).
    """

    model: Model
    train: LabelledInputs
    validation: LabelledInputs
    spec: ModelSpec
    stages: Callable[[], tuple[Stages, Stages]]

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

        def stages() -> tuple[Stages, Stages]:
            train, validation = self.stages()
            if rows is not None:
                train = {name: stage[rows] for name, stage in train.items()}
            return train, validation

        return Evidence(
            full_profile=profile,
            profile=profile.cumulative,
            labels=trace.train.labels,
            validation_labels=self.validation.y,
            n_classes=trace.n_classes,
            seed=self.spec.seed,
            _trace=trace,
            _counterfactual=partial(exact_profile, trace),
            _stages=cache(stages),
            _train_support=cache(partial(train_support, trace)),
        )


def prepare(  # noqa: PLR0913  # all but the cache are what a training consists of
    spec: ModelSpec,
    context: TrialContext,
    train: Dataset,
    validation: Dataset,
    pool: Dataset,
    *,
    feature_cache: FeatureCache | None = None,
) -> Prepared:
    """Build the model and its inputs.

    Tables are standardised with mean and standard deviation of the training set as it is. The
    outputs of frozen layers are computed once for each sample of ``pool`` (the drawn subset before
    the split) and shared through the cache, by default that of the context.
    """
    torch.manual_seed(derive_seed(spec.seed, "build"))
    model = build(spec, context, train)
    feature_cache = feature_cache or FeatureCache(context.cache)
    samples = [train.x, validation.x]
    if train.modality == "tabular":
        samples = _standardised(train, validation)
    frozen = model.frozen
    if frozen is None:
        inputs = [model.inputs(x) for x in samples]
    else:
        inputs = [torch.from_numpy(feature_cache.features(frozen, x, pool.x)) for x in samples]
    model.network.to(context.device)

    def stages() -> tuple[Stages, Stages]:
        if frozen is None:
            of_train, of_validation = ({"input": _flat(x)} for x in samples)
        else:
            of_train, of_validation = (feature_cache.stages(frozen, x, pool.x) for x in samples)
        return of_train, of_validation

    return Prepared(
        model,
        LabelledInputs(inputs[0], train.y),
        LabelledInputs(inputs[1], validation.y),
        spec,
        stages,
    )


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
