"""Models: one file per family."""

from common.registry import Registry
from models.base import ModelFamily

MODELS: Registry[ModelFamily] = Registry(
    "model",
    {
        "resnet20": "models.resnet20:RESNET20",
        "small_convnet": "models.small_convnet:SMALL_CONVNET",
        "convnext_tiny": "models.convnext_tiny:CONVNEXT_TINY",
        "vit_b16": "models.vit_b16:VIT_B16",
        "softmax_regression": "models.softmax_regression:SOFTMAX_REGRESSION",
        "mlp": "models.mlp:MLP",
        "tabular_resnet": "models.tabular_resnet:TABULAR_RESNET",
        "ft_transformer": "models.ft_transformer:FT_TRANSFORMER",
    },
)
