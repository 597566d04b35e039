"""Image networks of the timm library, pretrained and frozen: the classifier alone is trained.

The library takes three seconds to import. It is not needed where features come from the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from common.dataset import Modality
from common.errors import UserError
from models.backbone import FrozenBackbone
from models.base import BuildContext, Model, Network, TrainingSettings
from models.folding import with_folded_norms
from models.images import ImagePreprocessing
from models.weights import Weights, WeightsFile, file_sha256

StateReader = Callable[[Path, nn.Module], Mapping[str, Tensor]]
"""Reads the state dict of a network from a file."""

STAGES = 4
SMALL_IMAGE = 64
"""Images of at most this many pixels a side count as small."""
GPU_BATCH = 32
CPU_BATCH_PIXELS = 8 * 112**2
"""Pixels of the images of a batch on the CPU. Of larger batches, the outputs of a layer exceed the
32 MiB from which the C library asks the system for every array anew, which may take as long as
computing them."""


def read_safetensors(path: Path, network: nn.Module) -> Mapping[str, Tensor]:
    """A state dict under the names of timm."""
    return load_file(path)


class TimmTrunk(nn.Module):
    """All layers before the classifier: pooled features (n, d), and the outputs of the stages.

    Memory is laid out channels last, in which convolutions take about half the time.
    """

    def __init__(self, name: str, weights: Path, read: StateReader = read_safetensors) -> None:
        super().__init__()
        import timm  # noqa: PLC0415 - see the head of the module

        network: Any = timm.create_model(name, pretrained=False)
        try:
            network.load_state_dict(read(weights, network))
        except (SafetensorError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"weights {weights} do not fit {name}: {reason}") from error
        self.network = network.to(memory_format=torch.channels_last)
        blocks = len(network.feature_info)
        self.stages = sorted({max(0, (i + 1) * blocks // STAGES - 1) for i in range(STAGES)})

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        x = x.contiguous(memory_format=torch.channels_last)
        last, maps = self.network.forward_intermediates(x, indices=self.stages, output_fmt="NCHW")
        names = (f"stage{i + 1}" for i in range(len(maps)))
        features: Tensor = self.network.forward_head(last, pre_logits=True)
        return features, dict(zip(names, maps, strict=True))


@dataclass(frozen=True)
class TimmFamily:
    """A new classifier on the frozen features of a timm network.

    Attributes:
        name: of architecture and weights in timm, which also defines input size and normalisation.
        weights: where the published file comes from.
        width: of the features.
        defaults: for a dataset that ``experiments/training/settings.py`` does not list.
        read: reads the weights file.
        small_side: input size, height and width, for images of at most ``SMALL_IMAGE`` pixels a
            side; by default the one of the pretraining.
        preprocessing: of the pretraining; by default as timm has it.
    """

    name: str
    weights: Weights
    width: int
    defaults: TrainingSettings
    read: StateReader = read_safetensors
    small_side: int | None = None
    preprocessing: ImagePreprocessing | None = None
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})

    def missing(self, context: BuildContext) -> str | None:
        return self.weights.missing(context.weights_root)

    def build(self, context: BuildContext) -> Model:
        if not context.pretrained:
            raise UserError(f"pretrained must be true for {self.name}, got false")
        if context.keep_classifier:
            raise UserError(f"keep_classifier must be false for {self.name}, got true")
        path = self.weights.fetch(context.weights_root)
        preprocessing = self._preprocessing(context.input_shape)
        batch = GPU_BATCH
        if context.device == "cpu":
            batch = cpu_batch_size(preprocessing)
        frozen = FrozenBackbone(
            f"{self.name}/{file_sha256(path)}/channels_last/folded",
            lambda: with_folded_norms(TimmTrunk(self.name, path, self.read)),
            preprocessing,
            grid=2,
            batch_size=batch,
            device=context.device,
        )
        return Model(Network(nn.Identity(), nn.Linear(self.width, context.n_classes)), frozen)

    def _preprocessing(self, shape: tuple[int, ...]) -> ImagePreprocessing:
        found = self.preprocessing or published_preprocessing(self.name)
        if self.small_side is None or max(shape[:2]) > SMALL_IMAGE:
            return found
        return replace(found, size=(self.small_side, self.small_side))


def published_preprocessing(name: str) -> ImagePreprocessing:
    """What timm says about the pretraining of a network."""
    import timm  # noqa: PLC0415 - see the head of the module

    config: Any = timm.get_pretrained_cfg(name)
    mode = "bilinear" if config.interpolation == "bilinear" else "bicubic"
    size = tuple(config.input_size[1:])
    return ImagePreprocessing(size, tuple(config.mean), tuple(config.std), mode)


def cpu_batch_size(preprocessing: ImagePreprocessing) -> int:
    """Images per forward pass on the CPU: a power of two.

    >>> [cpu_batch_size(ImagePreprocessing((side, side))) for side in (112, 224, 518)]
    [8, 2, 1]
    """
    height, width = preprocessing.size or (1, 1)
    return 1 << max(0, (CPU_BATCH_PIXELS // (height * width)).bit_length() - 1)


def hub_file(name: str, revision: str, sha256: str) -> WeightsFile:
    """The safetensors file of ``timm/<name>`` on the Hugging Face hub."""
    return WeightsFile(
        name=f"{name}.safetensors",
        url=f"https://huggingface.co/timm/{name}/resolve/{revision}/model.safetensors",
        sha256=sha256,
    )
