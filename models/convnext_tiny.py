"""ConvNeXt-Tiny (Liu et al. 2022), pretrained on ImageNet-1k; a new classifier is trained."""

from models.base import TrainingSettings
from models.timm_backbones import TimmFamily, hub_file

NAME = "convnext_tiny.fb_in1k"

CONVNEXT_TINY = TimmFamily(
    name=NAME,
    weights=hub_file(
        NAME,
        revision="b43a6303c9fcf176d2d707478a128c2c91e93528",
        sha256="08b9dc9c3a3a29421de7996761e176501896d1ae7fc3085cf56a643772329276",
    ),
    width=768,
    defaults=TrainingSettings(4, 128, 0.1, pretrained=True),
)
