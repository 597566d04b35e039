"""Every registered model keeps the rules; a new registry line is covered at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model_conformance import check_conformance, contexts
from random_weights import with_random_weights
from torch import nn

from common.dataset import Modality
from common.errors import UserError
from models import MODELS
from models.base import BuildContext, Model, ModelFamily, Network, ScratchFamily, TrainingSettings


def cases() -> list[tuple[str, Modality]]:
    return [(name, modality) for name in MODELS for modality in sorted(MODELS[name].modalities)]


@pytest.mark.parametrize(("name", "modality"), cases())
def test_conformance(
    name: str, modality: Modality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = with_random_weights(MODELS[name], tmp_path, monkeypatch)
    allowed = [start for start in (False, True) if can_start(family, modality, start, tmp_path)]
    assert family.defaults.pretrained in allowed
    for pretrained in allowed:
        for context in contexts(modality, pretrained, tmp_path):
            check_conformance(family, context)


def can_start(
    family: ModelFamily, modality: Modality, pretrained: bool, weights_root: Path
) -> bool:
    """Whether the family knows that start; if not, it must say so."""
    try:
        family.build(contexts(modality, pretrained, weights_root)[0])
    except UserError as error:
        if "pretrained must be" not in str(error):
            raise
        return False
    return True


def linear(context: BuildContext) -> Model:
    return Model(Network(nn.Identity(), nn.Linear(context.input_shape[0], context.n_classes)))


def without_bias(context: BuildContext) -> Model:
    return Model(Network(nn.Identity(), nn.Linear(context.input_shape[0], 3, bias=False)))


def with_equal_weights_for_every_seed(context: BuildContext) -> Model:
    model = linear(context)
    nn.init.zeros_(model.network.head.weight)
    nn.init.zeros_(model.network.head.bias)
    return model


def family(build: Callable[[BuildContext], Model]) -> ScratchFamily:
    return ScratchFamily("tabular", TrainingSettings(1, 8, 0.1), build)


LINEAR = family(linear)


@pytest.fixture
def registered() -> Iterator[None]:
    MODELS.register("linear", f"{__name__}:LINEAR")
    yield
    MODELS.unregister("linear")


def test_a_model_is_one_function_and_one_registry_line(registered: None, tmp_path: Path) -> None:
    assert ("linear", "tabular") in cases()
    for context in contexts("tabular", False, tmp_path):
        check_conformance(MODELS["linear"], context)


@pytest.mark.parametrize("build", [without_bias, with_equal_weights_for_every_seed])
def test_a_model_that_breaks_a_rule_is_caught(
    build: Callable[[BuildContext], Model], tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        check_conformance(family(build), contexts("tabular", False, tmp_path)[0])
