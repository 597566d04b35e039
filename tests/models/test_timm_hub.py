"""Networks of timm by name, with a small one and weights that the tests make."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from model_conformance import check_conformance, contexts
from safetensors.torch import save_file

from common.errors import UserError
from models import MODELS
from models.backbone import FrozenBackbone
from models.base import BuildContext
from models.timm_hub import timm_family

SMALL = "test_efficientnet.r160_in1k"
NAME = f"timm:{SMALL}"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "weights" / f"{SMALL}.safetensors"
    path.parent.mkdir()
    save_file(timm.create_model(SMALL, pretrained=False).state_dict(), path)
    return path


def context(root: Path) -> BuildContext:
    return BuildContext((12, 10, 3), 4, True, root)


def backbone(root: Path) -> FrozenBackbone:
    frozen = MODELS[NAME].build(context(root)).frozen
    assert isinstance(frozen, FrozenBackbone)
    return frozen


def test_conformance(weights: Path, tmp_path: Path) -> None:
    for each in contexts("image", True, tmp_path):
        check_conformance(MODELS[NAME], each)


def test_size_and_normalisation_are_those_of_timm(weights: Path, tmp_path: Path) -> None:
    config = timm.get_pretrained_cfg(SMALL)
    preprocessing = backbone(tmp_path).preprocessing
    assert config is not None
    assert preprocessing.size == config.input_size[1:] == (160, 160)
    assert (preprocessing.mean, preprocessing.std) == (config.mean, config.std)


def test_features_are_those_of_timm(weights: Path, tmp_path: Path) -> None:
    frozen = backbone(tmp_path)
    x = np.random.default_rng(0).integers(0, 256, (3, 160, 160, 3), dtype=np.uint8)
    reference = timm.create_model(SMALL, checkpoint_path=str(weights))
    reference.reset_classifier(0)  # type: ignore[operator]  # timm types it as a tensor
    with torch.no_grad():
        expected = reference.eval()(frozen.preprocessing(x))
    np.testing.assert_allclose(frozen(x).features, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_name_without_weights_takes_the_default_ones() -> None:
    assert timm_family("resnet18").name == "resnet18.a1_in1k"
    assert NAME in MODELS
    assert NAME not in list(MODELS)
    assert MODELS.title(NAME) == SMALL


def test_missing_weights_name_the_file_and_its_source(tmp_path: Path) -> None:
    message = MODELS[NAME].missing(context(tmp_path))
    assert message is not None
    assert str(tmp_path / "weights" / f"{SMALL}.safetensors") in message
    assert f"timm/{SMALL}" in message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_network", "unknown timm model 'no_such_network'"),
        ("convnext_tiny.fb_in1j", r"did you mean 'convnext_tiny.fb_in1k'"),
    ],
)
def test_unknown_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        MODELS[f"timm:{name}"]


def test_without_a_name_it_is_no_model() -> None:
    assert "timm:" not in MODELS
    with pytest.raises(UserError, match=r"unknown model 'timm:'.* timm:NAME"):
        MODELS["timm:"]


@pytest.mark.parametrize("content", [b"not a file of weights", b""])
def test_a_damaged_file_is_named(content: bytes, weights: Path, tmp_path: Path) -> None:
    weights.write_bytes(content)
    frozen = backbone(tmp_path)
    with pytest.raises(UserError, match=f"{SMALL}.safetensors do not fit {SMALL}"):
        frozen(np.zeros((1, 12, 10, 3), np.uint8))


def test_weights_of_another_network_are_refused(weights: Path, tmp_path: Path) -> None:
    save_file(timm.create_model("test_vit", pretrained=False).state_dict(), weights)
    frozen = backbone(tmp_path)
    with pytest.raises(UserError, match=f"do not fit {SMALL}"):
        frozen(np.zeros((1, 12, 10, 3), np.uint8))
