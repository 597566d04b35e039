"""Every registered model keeps the rules; a new registry line is covered at once."""

import pytest
from model_conformance import check_conformance, contexts
from random_weights import with_random_weights
from torch import nn

from common.errors import UserError
from models import MODELS
from models.base import Model, Network, TrainingSettings, require_scratch


def cases():
    return [(name, modality) for name in MODELS for modality in sorted(MODELS[name].modalities)]


@pytest.mark.parametrize(("name", "modality"), cases())
def test_conformance(name, modality, tmp_path, monkeypatch):
    family = with_random_weights(MODELS[name], tmp_path, monkeypatch)
    allowed = [start for start in (False, True) if can_start(family, modality, start, tmp_path)]
    assert family.defaults.pretrained in allowed
    for pretrained in allowed:
        for context in contexts(modality, pretrained, tmp_path):
            check_conformance(family, context)


def can_start(family, modality, pretrained, weights_root):
    """Whether the family knows that start; if not, it must say so."""
    try:
        family.build(contexts(modality, pretrained, weights_root)[0])
    except UserError as error:
        if "pretrained must be" not in str(error):
            raise
        return False
    return True


class LinearFamily:
    """A toy model: softmax regression."""

    modalities = frozenset({"tabular"})
    defaults = TrainingSettings(1, 8, 0.1)

    def missing(self, context):
        return None

    def build(self, context):
        require_scratch(context)
        return Model(Network(nn.Identity(), nn.Linear(*context.input_shape, context.n_classes)))


class BiaslessFamily(LinearFamily):
    """Its last layer has no bias."""

    def build(self, context):
        return Model(Network(nn.Identity(), nn.Linear(*context.input_shape, 3, bias=False)))


class UnseededFamily(LinearFamily):
    """Its weights are the same for every seed."""

    def build(self, context):
        model = super().build(context)
        nn.init.zeros_(model.network.head.weight)
        nn.init.zeros_(model.network.head.bias)
        return model


LINEAR = LinearFamily()


@pytest.fixture
def registered():
    MODELS.register("linear", f"{__name__}:LINEAR")
    yield
    MODELS.unregister("linear")


def test_a_model_is_one_class_and_one_registry_line(registered, tmp_path):
    assert ("linear", "tabular") in cases()
    for context in contexts("tabular", False, tmp_path):
        check_conformance(MODELS["linear"], context)


@pytest.mark.parametrize("family", [BiaslessFamily(), UnseededFamily()])
def test_a_model_that_breaks_a_rule_is_caught(family, tmp_path):
    with pytest.raises(AssertionError):
        check_conformance(family, contexts("tabular", False, tmp_path)[0])
