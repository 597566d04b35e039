"""A user's trained network as a feature extractor: the inputs of its last linear layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from common.errors import UserError
from experiments.audit.session import evaluation_mode

CHUNK: Final = 256
TOKEN_LAYERS: Final = (nn.Embedding, nn.EmbeddingBag)

Call = tuple[Tensor, Tensor]
"""The input and the output of a layer."""


@torch.no_grad()
def last_layer_inputs(classifier: nn.Module, x: Any) -> NDArray[np.float32]:
    """The inputs of the linear layer whose outputs the network returns, in evaluation mode.

    The network may return a tensor, or a mapping or sequence that contains it. Samples get the
    data type of the weights, but integers stay integers for a network with an embedding.

    Args:
        classifier: the trained network; it is left unchanged.
        x: samples (n, ...), a tensor or something that NumPy can turn into an array.

    Returns:
        (n, d).

    Raises:
        UserError: ``x`` is not numeric, the network cannot be applied to it, or its outputs are not
            those of one linear layer with inputs (n, d).
    """
    if not isinstance(classifier, nn.Module):
        raise UserError(f"classifier must be a torch.nn.Module, got {type(classifier).__name__}")
    layers = {
        name: module for name, module in classifier.named_modules() if isinstance(module, nn.Linear)
    }
    if not layers:
        raise UserError("the classifier has no linear layer; pass features and model= instead")
    samples = _samples(classifier, x)
    calls: dict[str, Call] = {}
    hooks = [
        layer.register_forward_hook(_recorder(name, calls), with_kwargs=True)
        for name, layer in layers.items()
    ]
    features = []
    try:
        with evaluation_mode(classifier):
            for chunk in torch.split(samples, CHUNK):
                calls.clear()
                features.append(_last_call(calls, _apply(classifier, chunk)))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(features).detach().cpu().float().numpy()


def _samples(classifier: nn.Module, x: Any) -> Tensor:
    try:
        samples = x.detach() if isinstance(x, Tensor) else torch.as_tensor(_array(x))
    except (TypeError, ValueError) as error:
        raise UserError(f"x must hold numbers for a classifier: {error}") from error
    if not samples.ndim or not len(samples):
        raise UserError(f"x must hold samples (n, ...), got shape {tuple(samples.shape)}")
    weights = next(p for p in classifier.parameters() if p.is_floating_point())
    if weights.is_meta:
        raise UserError("the classifier has no weights: they are on the device 'meta'")
    tokens = any(isinstance(module, TOKEN_LAYERS) for module in classifier.modules())
    if tokens and not samples.is_floating_point():
        return samples.to(weights.device, torch.long)
    return samples.to(weights.device, weights.dtype)


def _array(x: Any) -> NDArray[Any]:
    array = np.asarray(x)
    if array.dtype == object:
        array = array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="))  # a copy: torch warns of read-only arrays


def _recorder(name: str, calls: dict[str, Call]) -> Any:
    def record(
        _: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor], output: Tensor
    ) -> None:
        calls[name] = (args[0] if args else kwargs["input"], output)

    return record


def _apply(classifier: nn.Module, chunk: Tensor) -> Any:
    try:
        return classifier(chunk.clone())  # it may work in place, and the samples are the caller's
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"the classifier cannot be applied to samples of shape {tuple(chunk.shape[1:])} and "
            f"type {chunk.dtype}: {type(error).__name__}: {reason}"
        ) from error


def _last_call(calls: Mapping[str, Call], returned: Any) -> Tensor:
    outputs = list(_tensors(returned))
    last = {
        name: inputs
        for name, (inputs, output) in calls.items()
        if any(output.shape == other.shape and torch.equal(output, other) for other in outputs)
    }
    if len(last) != 1:
        found = f"got those of {', '.join(map(repr, last))}" if last else "got other values"
        if any(output.isnan().any() for output in outputs):
            found = "got NaN"
        raise UserError(
            f"the classifier must return the outputs of one linear layer (logits), {found}"
        )
    (inputs,) = last.values()
    if inputs.ndim != 2:
        raise UserError(
            f"the last linear layer must have inputs (n, d), got shape {tuple(inputs.shape)}"
        )
    return inputs


def _tensors(returned: Any) -> Iterator[Tensor]:
    if isinstance(returned, Tensor):
        yield returned
    elif isinstance(returned, Mapping):
        yield from (value for value in returned.values() if isinstance(value, Tensor))
    elif isinstance(returned, list | tuple):
        yield from (value for value in returned if isinstance(value, Tensor))
