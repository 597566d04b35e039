"""Models: one file per family."""

from common.registry import Registry
from models.base import ModelFamily

MODELS: Registry[ModelFamily] = Registry(
    "model",
    {
        "resnet20": "models.resnet20:RESNET20",
        "mlp": "models.mlp:MLP",
    },
)
