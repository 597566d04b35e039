"""Batch normalisation folded into the convolutions before it, for networks that are not trained."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

TOLERANCE = 1e-4
"""How much a folded network may differ, relative to its largest output."""
SIDE = 64
"""Pixels of the images on which networks are compared."""


@torch.inference_mode()
def with_folded_norms(network: nn.Module) -> nn.Module:
    """The network in evaluation mode, without those batch normalisations that directly follow a
    convolution: they scale and shift its outputs, as its weights and bias can do alone.

    The order in which modules were defined says what follows what. Where that is not the order in
    which they are applied, the outputs differ, and the network is returned as it was.

    Args:
        network: maps images (n, 3, height, width) to a tensor and a mapping of tensors.
    """
    folded = deepcopy(network.eval())
    found = False
    for parent in folded.modules():
        for (name, conv), (norm_name, norm) in pairwise(list(parent.named_children())):
            if (
                isinstance(conv, nn.Conv2d)
                and isinstance(norm, nn.BatchNorm2d)
                and conv.out_channels == norm.num_features
            ):
                setattr(parent, name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, _rest(norm))
                found = True
    return folded if found and _agree(network, folded) else network


def _rest(norm: nn.BatchNorm2d) -> nn.Module:
    """What a normalisation does after scaling and shifting: those of timm have an activation."""
    return nn.Sequential(*(child for _, child in norm.named_children()))


def _agree(network: nn.Module, folded: nn.Module) -> bool:
    images = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return all(
        bool((one - other).abs().max() <= TOLERANCE * one.abs().max())
        for one, other in zip(_outputs(network(images)), _outputs(folded(images)), strict=True)
    )


def _outputs(returned: tuple[Tensor, dict[str, Tensor]]) -> list[Tensor]:
    features, stages = returned
    return [features, *stages.values()]
