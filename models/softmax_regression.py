"""Softmax regression: a linear layer only."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from common.dataset import Modality
from models.base import BuildContext, Model, Network, TrainingSettings, require_scratch


class SoftmaxRegressionFamily:
    """The last layer on the standardised columns."""

    modalities: ClassVar[frozenset[Modality]] = frozenset({"tabular"})
    defaults: ClassVar[TrainingSettings] = TrainingSettings(10, 32, 0.05)

    def missing(self, context: BuildContext) -> str | None:
        return None

    def build(self, context: BuildContext) -> Model:
        require_scratch(context)
        (d_in,) = context.input_shape
        return Model(Network(nn.Identity(), nn.Linear(d_in, context.n_classes)))


SOFTMAX_REGRESSION = SoftmaxRegressionFamily()
