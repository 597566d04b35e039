"""ResNet for tables (Gorishniy et al. 2021, section 3.2)."""

from __future__ import annotations

from typing import ClassVar

import rtdl_revisiting_models as rtdl
from torch import nn

from common.dataset import Modality
from models.base import BuildContext, Model, Network, TrainingSettings, require_scratch


class TabularResNetFamily:
    """Two residual blocks, in the sizes that the authors' package suggests."""

    modalities: ClassVar[frozenset[Modality]] = frozenset({"tabular"})
    defaults: ClassVar[TrainingSettings] = TrainingSettings(10, 64, 0.03)

    def missing(self, context: BuildContext) -> str | None:
        return None

    def build(self, context: BuildContext) -> Model:
        require_scratch(context)
        (d_in,) = context.input_shape
        resnet = rtdl.ResNet(
            d_in=d_in,
            d_out=context.n_classes,
            n_blocks=2,
            d_block=192,
            d_hidden_multiplier=2.0,
            dropout1=0.15,
            dropout2=0.0,
        )
        output = resnet.output
        resnet.output = nn.Sequential(output.normalization, output.activation)
        return Model(Network(resnet, output.linear))


TABULAR_RESNET = TabularResNetFamily()
