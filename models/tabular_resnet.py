"""ResNet for tables (Gorishniy et al. 2021, section 3.2): two residual blocks, in the sizes that
the authors' package suggests."""

import rtdl_revisiting_models as rtdl
from torch import nn

from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings


def build(context: BuildContext) -> Model:
    """The ResNet without its last linear layer, and that layer."""
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


TABULAR_RESNET = ScratchFamily("tabular", TrainingSettings(10, 64, 0.03), build)
