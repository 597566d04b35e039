"""From raw images to network inputs, and pooled stages."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms import v2

from models.backbone import FrozenBackbone, pool_stage
from models.images import ImagePreprocessing


def images(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (4, *shape), dtype=np.uint8)


def test_equals_torchvision() -> None:
    x = images((20, 30, 3))
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Resize((12, 16), antialias=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    expected = torch.stack([transform(Image.fromarray(image)) for image in x])
    torch.testing.assert_close(ImagePreprocessing((12, 16))(x), expected, rtol=1e-4, atol=1e-5)


def test_grey_is_repeated() -> None:
    out = ImagePreprocessing((6, 6), mean=(0, 0, 0), std=(1, 1, 1))(images((8, 8, 1)))
    assert out.shape == (4, 3, 6, 6)
    assert torch.equal(out[:, 0], out[:, 1])
    assert torch.equal(out[:, 0], out[:, 2])


def test_bicubic_stays_in_range() -> None:
    x = np.zeros((1, 8, 8, 1), np.uint8)
    x[:, 4:] = 255
    plain = ImagePreprocessing((32, 32), (0, 0, 0), (1, 1, 1), interpolation="bicubic")(x)
    assert plain.min() == 0
    assert plain.max() == 1


def test_images_of_the_right_size_keep_every_pixel() -> None:
    x = images((32, 32, 3))
    out = ImagePreprocessing((32, 32), mean=(0, 0, 0), std=(1, 1, 1))(x)
    np.testing.assert_allclose(255 * out.permute(0, 2, 3, 1).numpy(), x, rtol=1e-6, atol=1e-4)


def test_pooled_stage() -> None:
    maps = torch.arange(2 * 3 * 4 * 4, dtype=torch.float32).reshape(2, 3, 4, 4)
    pooled = pool_stage("s", maps, 2)
    torch.testing.assert_close(pooled["s"][:, :3], maps.mean(dim=(2, 3)))
    torch.testing.assert_close(pooled["s"][:, 3:], maps.flatten(2).std(dim=2, correction=0))
    corner = maps[1, 2, :2, 2:].mean()
    torch.testing.assert_close(pooled["s_grid"].reshape(2, 3, 2, 2)[1, 2, 0, 1], corner)


class Stem(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return x.mean(dim=(2, 3)), {"pixels": x}


def backbone(**changes: Any) -> FrozenBackbone:
    values: dict[str, Any] = {
        "weights_key": "w",
        "load": Stem,
        "preprocessing": ImagePreprocessing((8, 8)),
    }
    return FrozenBackbone(**(values | changes))


def test_batches_do_not_show() -> None:
    x = images((8, 8, 3))
    one, four = backbone(batch_size=1)(x), backbone(batch_size=4)(x)
    np.testing.assert_allclose(one.features, four.features, rtol=1e-6)
    for name, values in one.stages.items():
        np.testing.assert_allclose(values, four.stages[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights_key": "other"},
        {"preprocessing": ImagePreprocessing((9, 8))},
        {"preprocessing": ImagePreprocessing((8, 8), interpolation="bicubic")},
        {"grid": 2},
        {"device": "cuda"},
    ],
)
def test_key_covers_what_the_outputs_depend_on(changes: dict[str, Any]) -> None:
    assert backbone(**changes).key != backbone().key
    assert backbone().key == backbone().key


@pytest.mark.gpu
def test_on_the_gpu() -> None:
    x = images((8, 8, 3))
    on_cpu, on_gpu = backbone()(x), backbone(device="cuda")(x)
    np.testing.assert_allclose(on_gpu.features, on_cpu.features, rtol=1e-4, atol=1e-5)
