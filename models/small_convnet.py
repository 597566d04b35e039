"""A small convolutional network: three 3 x 3 convolutions with batch normalisation and pooling
between them, averages on a 3 x 3 raster, and one hidden layer."""

from torch import nn

from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings
from models.images import scratch_preprocessing

WIDTHS = (16, 32, 64)
RASTER = 3


def build(context: BuildContext) -> Model:
    """The network, for images of at most 32 x 32; larger ones are resized."""
    layers: list[nn.Module] = []
    for before, width in zip((3, *WIDTHS), WIDTHS, strict=False):
        layers += [
            *([nn.MaxPool2d(2, ceil_mode=True)] if layers else []),
            nn.Conv2d(before, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    layers += [
        nn.AdaptiveAvgPool2d(RASTER),
        nn.Flatten(),
        nn.Linear(RASTER**2 * WIDTHS[-1], WIDTHS[-1]),
        nn.ReLU(),
    ]
    network = Network(nn.Sequential(*layers), nn.Linear(WIDTHS[-1], context.n_classes))
    return Model(network, inputs=scratch_preprocessing(context.input_shape))


SMALL_CONVNET = ScratchFamily("image", TrainingSettings(10, 64, 0.1), build)
