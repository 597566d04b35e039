"""Image networks of the timm library, pretrained and frozen: the classifier alone is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import timm
from safetensors.torch import load_file
from torch import Tensor, nn

from common.dataset import Modality
from common.errors import UserError
from models.backbone import FrozenBackbone
from models.base import BuildContext, Model, Network, TrainingSettings
from models.images import ImagePreprocessing
from models.weights import WeightsFile


class TimmTrunk(nn.Module):
    """All layers before the classifier: pooled features (n, d), and the outputs of four stages."""

    def __init__(self, name: str, weights: Path) -> None:
        super().__init__()
        network: Any = timm.create_model(name, pretrained=False)
        network.load_state_dict(load_file(weights))
        self.network = network
        blocks = len(network.feature_info)
        self.stages = [(i + 1) * blocks // 4 - 1 for i in range(4)]

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        last, maps = self.network.forward_intermediates(x, indices=self.stages, output_fmt="NCHW")
        names = (f"stage{i + 1}" for i in range(len(maps)))
        features: Tensor = self.network.forward_head(last, pre_logits=True)
        return features, dict(zip(names, maps, strict=True))


@dataclass(frozen=True)
class TimmFamily:
    """A new classifier on the frozen features of a timm network.

    Attributes:
        name: of architecture and weights in timm, which also defines input size and normalisation.
        weights: the published file.
        width: of the features.
        defaults: for a dataset that ``experiments/training/settings.py`` does not list.
    """

    name: str
    weights: WeightsFile
    width: int
    defaults: TrainingSettings
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})

    def missing(self, context: BuildContext) -> str | None:
        return self.weights.missing(context.weights_root)

    def build(self, context: BuildContext) -> Model:
        if not context.pretrained:
            raise UserError(f"pretrained must be true for {self.name}, got false")
        if context.keep_classifier:
            raise UserError(f"keep_classifier must be false for {self.name}, got true")
        path = self.weights.fetch(context.weights_root)
        config: Any = timm.get_pretrained_cfg(self.name)
        height, width = config.input_size[1:]
        frozen = FrozenBackbone(
            f"{self.name}/{self.weights.sha256}",
            lambda: TimmTrunk(self.name, path),
            ImagePreprocessing((height, width), config.mean, config.std, config.interpolation),
            grid=2,
            batch_size=32,
            device=context.device,
        )
        return Model(Network(nn.Identity(), nn.Linear(self.width, context.n_classes)), frozen)


def hub_file(name: str, revision: str, sha256: str) -> WeightsFile:
    """The safetensors file of ``timm/<name>`` on the Hugging Face hub."""
    return WeightsFile(
        name=f"{name}.safetensors",
        url=f"https://huggingface.co/timm/{name}/resolve/{revision}/model.safetensors",
        sha256=sha256,
    )
