"""Any pretrained image network of timm, by its name there; a new classifier is trained.

The weights are those of the Hugging Face hub. They have no pinned checksum; the features in the
cache are those of the file that is there, whatever it holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import timm
import torch

from common.errors import UserError, unknown_name
from models.base import TrainingSettings
from models.timm_backbones import TimmFamily
from models.weights import WeightsFile

DEFAULTS: Final = TrainingSettings(10, 32, 0.03, pretrained=True)
HUB_FILE: Final = "model.safetensors"


@lru_cache
def timm_family(name: str) -> TimmFamily:
    """The family of a network by name, such as ``convnext_tiny.fb_in1k``; without the part after
    the dot, timm's default weights of the architecture.

    Raises:
        UserError: timm has no pretrained network of that name, or not one that takes images and
            returns the outputs of its stages.
    """
    try:
        config: Any = timm.get_pretrained_cfg(name)
    except RuntimeError as error:  # the architecture exists, these weights of it do not
        architecture = name.partition(".")[0]
        raise unknown_name("timm model", name, timm.list_pretrained(f"{architecture}*")) from error
    if config is None or not config.hf_hub_id:
        raise UserError(
            f"unknown timm model {name!r}; allowed: the names that timm.list_pretrained() lists"
        )
    full_name = f"{config.architecture}.{config.tag}" if config.tag else config.architecture
    with torch.device("meta"):  # its shape alone
        network: Any = timm.create_model(full_name, pretrained=False)
    if config.input_size[0] != 3 or not hasattr(network, "forward_intermediates"):
        raise UserError(
            f"timm model {name!r} must take images of 3 channels and return the outputs of its "
            "stages (forward_intermediates)"
        )
    return TimmFamily(
        name=full_name,
        weights=WeightsFile(
            name=f"{full_name}.safetensors",
            url=f"https://huggingface.co/{config.hf_hub_id}/resolve/main/{HUB_FILE}",
            sha256=None,
        ),
        width=getattr(network, "head_hidden_size", network.num_features),
        defaults=DEFAULTS,
    )
