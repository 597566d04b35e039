"""ViT-B/16 (Dosovitskiy et al. 2021), pretrained on ImageNet-21k, fine-tuned on ImageNet-1k; a new
classifier is trained.

The paper's weights, pretrained on JFT-300M, were never published. These weights, by Steiner et al.
(2022), replace them: ImageNet-21k is the largest public dataset of that kind.
"""

from models.base import TrainingSettings
from models.timm_backbones import TimmFamily, hub_file

NAME = "vit_base_patch16_224.augreg2_in21k_ft_in1k"

VIT_B16 = TimmFamily(
    name=NAME,
    weights=hub_file(
        NAME,
        revision="063c6c38a5d8510b2e57df480445e94b231dad2c",
        sha256="32aa17d6e17b43500f531d5f6dc9bc93e56ed8841b8a75682e1bb295d722405b",
    ),
    width=768,
    defaults=TrainingSettings(4, 128, 0.1, pretrained=True),
)
