"""Softmax regression: a linear layer on the standardised columns."""

from torch import nn

from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings


def build(context: BuildContext) -> Model:
    """The last layer only."""
    (d_in,) = context.input_shape
    return Model(Network(nn.Identity(), nn.Linear(d_in, context.n_classes)))


SOFTMAX_REGRESSION = ScratchFamily("tabular", TrainingSettings(10, 32, 0.05), build)
