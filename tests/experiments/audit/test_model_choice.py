"""The model of an audit: a default that needs no download, and weights that are fetched once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
from safetensors.torch import save_file

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.audit.model_choice import LEAST_EPOCHS, PASSES, choose_model
from experiments.training.context import TrialContext

NETWORK = "test_efficientnet.r160_in1k"


def data(modality: Modality) -> Dataset:
    shape = (20, 8, 8, 1) if modality == "image" else (20, 3)
    x, y = np.zeros(shape, np.uint8 if modality == "image" else np.float32), np.arange(20) % 2
    return Dataset("own", modality, x, y, ("a", "b"), np.arange(20))


@pytest.mark.parametrize(
    ("modality", "model"), [("image", "efficientnet_lite0"), ("tabular", "mlp")]
)
def test_the_default_needs_no_download(
    modality: Modality, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pooch.retrieve", no_network)
    assert choose_model(data(modality), TrialContext(tmp_path)).model == model


def no_network(*_: object, **__: object) -> None:
    raise OSError("no network")


def test_weights_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    def download(url: str, known: str | None, fname: str, path: Path) -> None:
        fetched.append(url)
        save_file(timm.create_model(NETWORK, pretrained=False).state_dict(), path / fname)

    monkeypatch.setattr("pooch.retrieve", download)
    for _ in range(2):
        choice = choose_model(data("image"), TrialContext(tmp_path), f"timm:{NETWORK}")
    assert choice.settings.pretrained
    (url,) = fetched
    assert NETWORK in url


def test_weights_that_cannot_be_had_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pooch.retrieve", no_network)
    with pytest.raises(UserError, match="no network") as error:
        choose_model(data("image"), TrialContext(tmp_path), f"timm:{NETWORK}")
    assert f"put the file at {tmp_path / 'weights' / NETWORK}.safetensors" in str(error.value)


def test_a_large_set_is_trained_on_for_fewer_epochs() -> None:
    def epochs(n: int) -> int:
        x = np.zeros((n, 1), np.float32)
        table = Dataset("own", "tabular", x, np.arange(n) % 2, ("a", "b"), np.arange(n))
        return choose_model(table, TrialContext()).settings.epochs

    assert [epochs(n) for n in (20, PASSES // 10, PASSES // 5, PASSES)] == [10, 10, 5, LEAST_EPOCHS]
