"""ResNet-20 for 32 x 32 images with parameter-free shortcuts (He et al. 2016, section 4.2).
Pretrained on CIFAR-10, training the last residual block and a new or the published classifier; or
trained from scratch, on images of at most 32 x 32."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from common.dataset import Modality
from common.errors import UserError
from models.backbone import FrozenBackbone
from models.base import BuildContext, Model, Network, TrainingSettings
from models.images import ImagePreprocessing, scratch_preprocessing
from models.weights import WeightsFile

WIDTH = 64
SIZE = (32, 32)
CIFAR10_WEIGHTS = WeightsFile(
    name="resnet20-12fca82f.th",
    url="https://raw.githubusercontent.com/akamaster/pytorch_resnet_cifar10/master/"
    "pretrained_models/resnet20-12fca82f.th",
    sha256="12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with a shortcut: the identity, or strided and padded with zeros for
    additional channels (option A)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.padding = (channels - channels_in) // 2

    def forward(self, x: Tensor) -> Tensor:
        residual = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        if self.padding:
            shortcut = pad(shortcut, (0, 0, 0, 0, self.padding, self.padding))
        return relu(residual + shortcut)


class ResNet20(nn.Module):
    """Everything before the linear layer: (n, 3, height, width) to (n, 64).

    Parameter names are those of the published weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, stride=1)
        self.layer2 = _stage(16, 32, stride=2)
        self.layer3 = _stage(32, WIDTH, stride=2)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(relu(self.bn1(self.conv1(x)))))
        pooled: Tensor = self.pool(self.layer3(x))
        return pooled


class FrozenPart(nn.Module):
    """All layers before the last residual block: features are its inputs, (n, 64, 8, 8)."""

    def __init__(self, resnet: ResNet20) -> None:
        super().__init__()
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, nn.ReLU())
        self.layer1, self.layer2 = resnet.layer1, resnet.layer2
        self.layer3 = resnet.layer3[:-1]

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        stages = {}
        for name, module in self.named_children():
            x = stages[name] = module(x)
        return x, stages


class ResNet20Family:
    """ResNet-20, pretrained or from scratch."""

    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})
    defaults: ClassVar[TrainingSettings] = TrainingSettings(7, 128, 0.1, pretrained=True)

    def missing(self, context: BuildContext) -> str | None:
        return CIFAR10_WEIGHTS.missing(context.weights_root) if context.pretrained else None

    def build(self, context: BuildContext) -> Model:
        head = nn.Linear(WIDTH, context.n_classes)
        resnet = ResNet20()
        if not context.pretrained:
            inputs = scratch_preprocessing(context.input_shape)
            return Model(Network(resnet, head), inputs=inputs)
        state = _load_weights(CIFAR10_WEIGHTS.fetch(context.weights_root))
        classifier = {name: state.pop(f"linear.{name}") for name in ("weight", "bias")}
        resnet.load_state_dict(state)
        if context.keep_classifier:
            known = len(classifier["bias"])
            if context.n_classes != known:
                raise UserError(
                    f"resnet20: keep_classifier needs the {known} classes of CIFAR-10, got "
                    f"{context.n_classes} classes; set it to false"
                )
            head.load_state_dict(classifier)
        frozen = FrozenBackbone(
            f"resnet20/{CIFAR10_WEIGHTS.sha256}",
            lambda: FrozenPart(resnet),
            ImagePreprocessing(SIZE),
            device=context.device,
        )
        body = nn.Sequential(OrderedDict(block=resnet.layer3[-1], pool=resnet.pool))
        return Model(Network(body, head), frozen)


def _stage(channels_in: int, channels: int, *, stride: int) -> nn.Sequential:
    return nn.Sequential(
        ResidualBlock(channels_in, channels, stride),
        ResidualBlock(channels, channels, 1),
        ResidualBlock(channels, channels, 1),
    )


def _load_weights(path: Path) -> dict[str, Tensor]:
    """The published weights, under this module's names; the classifier is ``linear``."""
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("module."): value for name, value in state.items()}


RESNET20 = ResNet20Family()
