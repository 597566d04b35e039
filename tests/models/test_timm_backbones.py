"""ConvNeXt and ViT: the registered ones by their plan, the smallest of their kind in full."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from random_weights import with_random_weights

from common.errors import UserError
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.run import run_trial
from models import MODELS
from models.base import BuildContext
from models.timm_backbones import TimmFamily
from models.weights import WeightsFile

FAMILIES = {
    name: family
    for name in MODELS
    if isinstance(family := MODELS[name], TimmFamily) and isinstance(family.weights, WeightsFile)
}


def context(root: Path, pretrained: bool = True) -> BuildContext:
    return BuildContext((12, 10, 3), 4, pretrained, root)


@pytest.mark.parametrize("name", FAMILIES)
def test_registered_architecture(name: str) -> None:
    family = FAMILIES[name]
    with torch.device("meta"):
        network = timm.create_model(family.name, pretrained=False)
    assert network.num_features == family.width
    config = timm.get_pretrained_cfg(family.name)
    assert config is not None
    assert config.hf_hub_id == f"timm/{family.name}"
    assert isinstance(family.weights, WeightsFile)
    assert family.weights.url.startswith(f"https://huggingface.co/{config.hf_hub_id}/resolve/")
    assert family.weights.url.endswith("/model.safetensors")


@pytest.mark.parametrize("name", FAMILIES)
def test_features_are_those_of_timm(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = with_random_weights(MODELS[name], tmp_path, monkeypatch)
    model = family.build(context(tmp_path))
    x = np.random.default_rng(0).integers(0, 256, (5, 12, 10, 3), dtype=np.uint8)
    outputs = model.frozen(x)

    reference = timm.create_model(
        family.name,
        pretrained=False,
        checkpoint_path=str(family.weights.path(tmp_path)),
    )
    reference.reset_classifier(0)  # type: ignore[operator]  # timm types it as a tensor
    images = model.frozen.preprocessing(x)
    assert images.shape == (5, 3, 160, 160)
    with torch.no_grad():
        expected = reference.eval()(images)
    np.testing.assert_allclose(outputs.features, expected.numpy(), rtol=1e-4, atol=1e-5)
    assert list(outputs.stages) == [
        f"stage{i}{kind}" for i in (1, 2, 3, 4) for kind in ("", "_grid")
    ]
    for i in (1, 2, 3, 4):
        channels = outputs.stages[f"stage{i}"].shape[1] // 2
        assert outputs.stages[f"stage{i}_grid"].shape == (5, 4 * channels)


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_are_loaded_when_first_needed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = with_random_weights(MODELS[name], tmp_path, monkeypatch)
    model = family.build(context(tmp_path))
    key = model.frozen.key
    assert "_network" not in vars(model.frozen)
    model.frozen(np.zeros((1, 12, 10, 3), np.uint8))
    assert "_network" in vars(model.frozen)
    assert model.frozen.key == key


@pytest.mark.parametrize("name", FAMILIES)
def test_from_scratch_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pretrained must be true .*got false"):
        MODELS[name].build(context(tmp_path, pretrained=False))


@pytest.mark.parametrize("name", FAMILIES)
def test_missing_weights_say_where_they_go(name: str, tmp_path: Path) -> None:
    family = FAMILIES[name]
    message = family.missing(context(tmp_path))
    assert message is not None
    assert isinstance(family.weights, WeightsFile)
    assert str(tmp_path / "weights" / f"{family.name}.safetensors") in message
    assert family.weights.url in message


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_one_whole_trial(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = with_random_weights(MODELS[name], tmp_path, monkeypatch)
    monkeypatch.setitem(globals(), "SMALL", small)
    MODELS.register("small", f"{__name__}:SMALL")
    try:
        training = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01}
        spec = resolve(
            {
                "dataset": "digits",
                "model": "small",
                "glitch": "uniform_noise",
                "subset": 0.1,
                "signals": "all",
                **training,
            },
            None,
        )
        context = TrialContext(data_root=tmp_path, cache=tmp_path / "cache")
        cold, warm = run_trial(spec, context), run_trial(spec, context)
    finally:
        MODELS.unregister("small")
    assert spec.pretrained
    assert cold.profile.epochs == 3
    assert np.isfinite(cold.epoch_metrics["loss/train"]).all()
    assert cold.epoch_metrics["loss/train"][-1] < cold.epoch_metrics["loss/train"][0]
    assert cold.scores.equals(warm.scores)
    assert len(list((tmp_path / "cache").glob("*.safetensors"))) == 1
