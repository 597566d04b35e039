"""What every model family must keep to, as functions of a family."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from common.dataset import Modality
from models.base import BuildContext, Model, ModelFamily, TrainingSettings
from models.training import LabelledInputs, fit

N, M, C = 9, 6, 3
SHAPES = {"image": ((8, 8, 1), (12, 10, 3)), "tabular": ((5,),)}
SETTINGS = TrainingSettings(epochs=1, batch_size=4, learning_rate=0.01)


def contexts(modality: Modality, pretrained: bool, weights_root: Path) -> list[BuildContext]:
    """One tiny input shape after the other."""
    return [BuildContext(shape, C, pretrained, weights_root) for shape in SHAPES[modality]]


def check_conformance(family: ModelFamily, context: BuildContext) -> None:
    """Build, trace one epoch of training, and look at every part."""
    x, y = samples(context)
    model = build(family, context, seed=0)
    again = build(family, context, seed=0)
    other = build(family, context, seed=1)
    assert states(model) == states(again)
    assert states(model) != states(other)
    assert missing_is_readable(family, context)

    head = model.network.head
    assert isinstance(head, nn.Linear)
    assert head.bias is not None
    assert head.out_features == C
    assert not any(module is head for module in model.network.body.modules())

    inputs = prepared(model, x)
    assert inputs.dtype == torch.float32
    assert len(inputs) == N + M
    before = states(model)
    train, validation = LabelledInputs(inputs[:N], y[:N]), LabelledInputs(inputs[N:], y[N:])
    record = fit(model.network, train, validation, SETTINGS, seed=0)
    assert states(model) != before
    for part, n in ((record.trace.train, N), (record.trace.validation, M)):
        assert [values.shape for values in part.inputs] == [(n, head.in_features)]
        assert part.logits.shape == (1, n, C)
        assert part.inputs[0].dtype == part.logits.dtype == np.float32
        assert np.isfinite(part.logits).all()

    if model.frozen is not None:
        check_frozen(model, x, inputs)


def check_frozen(model: Model, x: NDArray[Any], inputs: torch.Tensor) -> None:
    """Training left the frozen layers alone; the stages fit the samples."""
    assert model.frozen is not None
    outputs = model.frozen(x)
    np.testing.assert_array_equal(outputs.features, inputs.numpy())
    assert outputs.stages
    for name, values in outputs.stages.items():
        assert isinstance(name, str)
        assert values.shape[0] == len(x)
        assert values.ndim == 2
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert len(model.frozen.key) == 64


def samples(context: BuildContext) -> tuple[NDArray[Any], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    shape = (N + M, *context.input_shape)
    if len(context.input_shape) == 3:
        x = rng.integers(0, 256, shape, dtype=np.uint8)
    else:
        x = rng.normal(size=shape).astype(np.float32)
    x.setflags(write=False)
    return x, np.arange(N + M) % C


def build(family: ModelFamily, context: BuildContext, *, seed: int) -> Model:
    torch.manual_seed(seed)
    return family.build(context)


def prepared(model: Model, x: NDArray[Any]) -> torch.Tensor:
    if model.frozen is None:
        return model.inputs(x)
    return torch.from_numpy(model.frozen(x).features)


def states(model: Model) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in model.network.state_dict().items()}


def missing_is_readable(family: ModelFamily, context: BuildContext) -> bool:
    message = family.missing(context)
    return message is None or (isinstance(message, str) and "\n" not in message)
