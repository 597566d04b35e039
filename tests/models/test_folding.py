"""Folded batch normalisations: the same outputs, and no fold where the order deceives."""

import timm
import torch
from torch import Tensor, nn

from models.efficientnet_lite0 import EFFICIENTNET_LITE0, read_in_order
from models.folding import with_folded_norms
from models.timm_backbones import TimmTrunk


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_outputs_stay_the_same() -> None:
    path = EFFICIENTNET_LITE0.weights.fetch(None)
    trunk = TimmTrunk(EFFICIENTNET_LITE0.name, path, read_in_order).eval()
    folded = with_folded_norms(trunk)
    assert norms(trunk) == 49
    assert norms(folded) == 0
    images = torch.rand(3, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        (features, stages), (expected, expected_stages) = folded(images), trunk(images)
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)
    for name, stage in expected_stages.items():
        torch.testing.assert_close(stages[name], stage, rtol=1e-4, atol=1e-4)


class Trunk(nn.Module):
    """A convolution and a normalisation, applied in the order of their names or the other way."""

    def __init__(self, reverse: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.norm.running_mean = torch.tensor([1.0, 2.0, 3.0])
        self.reverse = reverse

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        x = self.conv(self.norm(x)) if self.reverse else self.norm(self.conv(x))
        return x, {}


def test_a_normalisation_that_is_applied_before_its_convolution_stays() -> None:
    assert norms(with_folded_norms(Trunk(reverse=False))) == 0
    assert norms(with_folded_norms(Trunk(reverse=True))) == 1


def test_a_network_without_normalisations_stays() -> None:
    network = Named(timm.create_model("test_vit", pretrained=False))
    assert with_folded_norms(network) is network


class Named(nn.Module):
    """A network with the outputs of a trunk."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return self.network(x), {}
