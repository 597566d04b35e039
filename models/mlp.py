"""MLP for tables (Gorishniy et al. 2021, section 3.1)."""

from __future__ import annotations

from typing import ClassVar

import rtdl_revisiting_models as rtdl

from common.dataset import Modality
from models.base import BuildContext, Model, Network, TrainingSettings, require_scratch


class MLPFamily:
    """Two blocks of linear layer, ReLU and dropout, in the sizes that the authors' package
    suggests."""

    modalities: ClassVar[frozenset[Modality]] = frozenset({"tabular"})
    defaults: ClassVar[TrainingSettings] = TrainingSettings(10, 128, 0.1)

    def missing(self, context: BuildContext) -> str | None:
        return None

    def build(self, context: BuildContext) -> Model:
        require_scratch(context)
        (d_in,) = context.input_shape
        mlp = rtdl.MLP(d_in=d_in, d_out=context.n_classes, n_blocks=2, d_block=384, dropout=0.1)
        head, mlp.output = mlp.output, None
        return Model(Network(mlp, head))


MLP = MLPFamily()
