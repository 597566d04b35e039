"""Weight files of the published form with random content, since the real ones are large.

Weights that come with the installation are taken as they are. The
other backbones of timm are replaced by the smallest of their kind.
"""

import hashlib
from dataclasses import replace
from functools import singledispatch
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

import models.resnet20
from models.resnet20 import ResNet20, ResNet20Family
from models.timm_backbones import TimmFamily
from models.weights import WeightsFile

CONVNET, TRANSFORMER = "test_convnext.r160_in1k", "test_vit.r160_in1k"
SMALLEST_WIDTH = 64


def smallest(family: TimmFamily) -> str:
    """Name of the smallest convolutional network for a ConvNeXt, of the smallest ViT for others."""
    return CONVNET if family.name.startswith("convnext") else TRANSFORMER


@singledispatch
def with_random_weights(family: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The family, with weight files below ``root`` that it takes for the published ones."""
    return family


@with_random_weights.register
def _(family: TimmFamily, root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    if not isinstance(family.weights, WeightsFile):
        return family
    name = smallest(family)
    torch.manual_seed(0)
    path = family.weights.path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(timm.create_model(name, pretrained=False).state_dict(), path)
    weights = replace(family.weights, sha256=sha256(path))
    return replace(family, name=name, weights=weights, width=SMALLEST_WIDTH)


@with_random_weights.register
def _(family: ResNet20Family, root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    torch.manual_seed(0)
    path = models.resnet20.CIFAR10_WEIGHTS.path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    network = ResNet20()
    network.linear = nn.Linear(models.resnet20.WIDTH, 10)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"state_dict": state}, path)
    published = replace(models.resnet20.CIFAR10_WEIGHTS, sha256=sha256(path))
    monkeypatch.setattr(models.resnet20, "CIFAR10_WEIGHTS", published)
    return family


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
