"""ResNet-20: against its published accuracy, and its parts."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from random_weights import with_random_weights
from torch import nn

from common.errors import UserError
from models.base import BuildContext, Model
from models.resnet20 import CIFAR10_WEIGHTS, RESNET20, ResidualBlock, ResNet20

needs_data = pytest.mark.skipif(
    "INFLUENCE_DATA_ROOT" not in os.environ, reason="needs INFLUENCE_DATA_ROOT"
)


def scratch(shape: tuple[int, ...], n_classes: int = 4) -> Model:
    torch.manual_seed(0)
    return RESNET20.build(BuildContext(shape, n_classes, pretrained=False))


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (7, 13, 3)])
def test_from_scratch_keeps_the_size_of_small_images(shape: tuple[int, ...]) -> None:
    model = scratch(shape)
    x = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
    inputs = model.inputs(x)
    assert inputs.shape == (6, 3, *shape[:2])
    assert model.network(inputs).shape == (6, 4)
    assert model.frozen is None


def test_from_scratch_resizes_large_images() -> None:
    assert scratch((64, 48, 3)).inputs(np.zeros((2, 64, 48, 3), np.uint8)).shape == (2, 3, 32, 32)


def test_has_twenty_layers_with_weights() -> None:
    layers = [m for m in ResNet20().modules() if isinstance(m, nn.Conv2d)]
    assert len(layers) == 19
    assert sum(p.numel() for p in scratch((32, 32, 3), 10).network.parameters()) == 269_722


def test_shortcut_of_option_a() -> None:
    block = ResidualBlock(4, 8, stride=2).eval()
    nn.init.zeros_(block.conv2.weight)
    x = torch.rand(2, 4, 6, 6)
    out = block(x)
    torch.testing.assert_close(out[:, 2:6], x[:, :, ::2, ::2])
    assert not out[:, :2].any()
    assert not out[:, 6:].any()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    context = BuildContext((32, 32, 3), 10, pretrained=True, weights_root=tmp_path)
    message = RESNET20.missing(context)
    assert message is not None
    assert str(tmp_path / "weights" / "resnet20-12fca82f.th") in message
    assert RESNET20.missing(BuildContext((32, 32, 3), 10, pretrained=False)) is None


def test_wrong_checksum(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / CIFAR10_WEIGHTS.name).write_bytes(b"not weights")
    with pytest.raises(UserError, match=r"sha256 must be 12fca82f"):
        RESNET20.build(BuildContext((32, 32, 3), 10, pretrained=True, weights_root=tmp_path))


@needs_data
def test_published_weights_reach_the_published_accuracy() -> None:
    root = Path(os.environ["INFLUENCE_DATA_ROOT"])
    torch.manual_seed(0)
    model = RESNET20.build(BuildContext((32, 32, 3), 10, pretrained=True, weights_root=root))
    path = CIFAR10_WEIGHTS.path(root)
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    network = model.network.eval()
    network.head.load_state_dict(
        {name: state[f"module.linear.{name}"] for name in ("weight", "bias")}
    )
    with np.load(root / "cifar10_part.npz", allow_pickle=False) as data:
        x, y = data["x_test"], data["y_test"]
    assert model.frozen is not None
    outputs = model.frozen(x)
    assert outputs.features.shape == (len(x), 64, 8, 8)
    widths = {"stem": 16, "layer1": 16, "layer2": 32, "layer3": 64}
    for name, width in widths.items():
        assert outputs.stages[name].shape == (len(x), 2 * width)
        assert outputs.stages[f"{name}_grid"].shape == (len(x), 16 * width)
    with torch.no_grad():
        logits = torch.cat(
            [network(part) for part in torch.from_numpy(outputs.features).split(500)]
        )
    accuracy = (logits.argmax(1).numpy() == y).mean()
    # 91.7 % on all 10,000 test images; these 4,000 have a standard error of 0.4 %
    assert accuracy == pytest.approx(0.917, abs=0.005)


def test_the_published_classifier_is_kept_when_asked_and_only_for_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = with_random_weights(RESNET20, tmp_path, monkeypatch)

    def build(n_classes: int, keep: bool) -> nn.Linear:
        context = BuildContext((32, 32, 3), n_classes, True, tmp_path, keep_classifier=keep)
        head: nn.Linear = family.build(context).network.head
        return head

    torch.manual_seed(0)
    kept, again, new = build(10, True), build(10, True), build(10, False)
    assert torch.equal(kept.weight, again.weight)
    assert not torch.equal(kept.weight, new.weight)
    with pytest.raises(UserError, match="needs the 10 classes of CIFAR-10, got 4 classes"):
        build(4, True)
