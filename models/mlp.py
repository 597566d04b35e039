"""MLP for tables (Gorishniy et al. 2021, section 3.1): two blocks of linear layer, ReLU and
dropout, in the sizes that the authors' package suggests."""

import rtdl_revisiting_models as rtdl

from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings


def build(context: BuildContext) -> Model:
    """The MLP without its output layer, and that layer."""
    (d_in,) = context.input_shape
    mlp = rtdl.MLP(d_in=d_in, d_out=context.n_classes, n_blocks=2, d_block=384, dropout=0.1)
    head, mlp.output = mlp.output, None
    return Model(Network(mlp, head))


MLP = ScratchFamily("tabular", TrainingSettings(10, 128, 0.1), build)
