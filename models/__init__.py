"""The registry of models. Reading names and titles does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.registry import Entry, Registry

if TYPE_CHECKING:
    from models.base import ModelFamily

MODELS: Registry[ModelFamily] = Registry(
    "model",
    {
        "resnet20": Entry("models.resnet20:RESNET20", "ResNet-20"),
        "small_convnet": Entry("models.small_convnet:SMALL_CONVNET", "small ConvNet"),
        "efficientnet_lite0": Entry(
            "models.efficientnet_lite0:EFFICIENTNET_LITE0", "EfficientNet-Lite0"
        ),
        "convnext_tiny": Entry("models.convnext_tiny:CONVNEXT_TINY", "ConvNeXt-Tiny"),
        "vit_b16": Entry("models.vit_b16:VIT_B16", "ViT-B/16"),
        "softmax_regression": Entry("models.softmax_regression:SOFTMAX_REGRESSION"),
        "mlp": Entry("models.mlp:MLP", "MLP"),
        "tabular_resnet": Entry("models.tabular_resnet:TABULAR_RESNET", "tabular ResNet"),
        "ft_transformer": Entry("models.ft_transformer:FT_TRANSFORMER", "FT-Transformer"),
    },
    families={"timm": "models.timm_hub:timm_family"},
)
