"""A user's network: what its last linear layer gets, and that the network is left unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.errors import UserError
from experiments.audit.network import CHUNK, last_layer_inputs

N = CHUNK + 44
X = np.random.default_rng(0).normal(size=(N, 1, 8, 8))


def body() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout()
    return nn.Sequential(*layers, nn.Linear(144, 12), nn.Tanh())


class Wrapped(nn.Module):
    """A body and a head; what the network returns is made of both."""

    def __init__(self, returned: Callable[[Tensor, Tensor], Any], *unused: nn.Module) -> None:
        super().__init__()
        self.auxiliary = nn.Linear(12, 3)
        self.head = nn.Linear(12, 3)
        self.body = body()
        self.unused = nn.ModuleList(unused)
        self.returned = returned

    def forward(self, x: Tensor) -> Any:
        h = self.body(x)
        return self.returned(self.head(input=h), self.auxiliary(h))


class Tokens(nn.Module):
    """A classifier of token numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(5, 6)
        self.head = nn.Linear(6, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embedding(tokens))
        return logits


def expected(network: nn.Module, x: Tensor) -> np.ndarray:
    with torch.no_grad():
        found: Tensor = network.eval()(x)
        return found.float().numpy()


@pytest.mark.parametrize(
    "returned",
    [
        lambda logits, _: logits,
        lambda logits, _: {"logits": logits, "loss": None},
        lambda logits, auxiliary: (logits, auxiliary.softmax(1)),
    ],
)
def test_the_layer_is_found_by_what_the_network_returns(
    returned: Callable[[Tensor, Tensor], Any],
) -> None:
    network = Wrapped(returned, nn.Linear(5, 5))
    found = last_layer_inputs(network, X)
    np.testing.assert_allclose(found, expected(network.body, torch.tensor(X).float()), rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("as_given", [torch.tensor, np.asarray])
def test_samples_get_the_type_of_the_weights(
    dtype: torch.dtype, as_given: Callable[[np.ndarray], Any]
) -> None:
    network = Wrapped(lambda logits, _: logits).to(dtype)
    found = last_layer_inputs(network, as_given(X))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(
        found[:CHUNK], expected(network.body, torch.tensor(X[:CHUNK]).to(dtype))
    )


@pytest.mark.parametrize("kind", [np.int64, np.uint8, ">i4"])
def test_tokens_stay_integers(kind: Any) -> None:
    tokens = np.arange(60).reshape(12, 5) % 5
    network = Tokens()
    found = last_layer_inputs(network, tokens.astype(kind))
    np.testing.assert_array_equal(found, expected(network.embedding, torch.tensor(tokens)))


def test_other_forms_of_the_samples_are_equal() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    x = np.arange(30, dtype=np.float64).reshape(10, 3)
    found = last_layer_inputs(network, x)
    needs_gradient = torch.tensor(x, requires_grad=True)
    for other in (x.tolist(), x.astype(">f8"), x.astype(object), needs_gradient, x.astype(int)):
        np.testing.assert_array_equal(last_layer_inputs(network, other), found)


class Failing(nn.Module):
    """Fails in the second chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.body = body()
        self.head = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        if len(x) < CHUNK:
            raise RuntimeError("out of memory\nmore")
        logits: Tensor = self.head(self.body(x))
        return logits


@pytest.mark.parametrize("network", [Wrapped(lambda logits, _: logits), Failing()])
def test_the_network_is_unchanged(network: Any) -> None:
    network.train()
    network.body[1].eval()
    network.head.weight.requires_grad_(requires_grad=False)
    calls: list[int] = []
    network.head.register_forward_hook(lambda *_: calls.append(1))
    modes = {name: module.training for name, module in network.named_modules()}
    weights = {name: weight.clone() for name, weight in network.state_dict().items()}
    if isinstance(network, Failing):
        with pytest.raises(UserError, match=r"RuntimeError: out of memory$"):
            last_layer_inputs(network, X)
    else:
        last_layer_inputs(network, X)
    assert {name: module.training for name, module in network.named_modules()} == modes
    assert all(torch.equal(weights[name], w) for name, w in network.state_dict().items())
    assert sum(len(module._forward_hooks) for module in network.modules()) == 1
    assert calls
    assert not network.head.weight.requires_grad
    assert network.body[0].weight.requires_grad
    assert all(weight.grad is None for weight in network.parameters())


@pytest.mark.parametrize(
    ("network", "x", "message"),
    [
        (nn.ReLU(), X, "no linear layer"),
        ("a network", X, "torch.nn.Module, got str"),
        (nn.Sequential(body(), nn.Linear(12, 3), nn.Softmax(1)), X, "one linear layer"),
        (Wrapped(lambda logits, auxiliary: (logits, auxiliary)), X, "'head', 'auxiliary'"),
        (nn.Linear(8, 2), X, r"inputs \(n, d\), got shape \(256, 1, 8, 8\)"),
        (body(), X[:, 0, 0], r"samples of shape \(8,\)"),
        (Wrapped(lambda logits, _: logits * torch.nan), X, r"\(logits\), got NaN"),
        (nn.Linear(2, 2, device="meta"), np.zeros((3, 2)), "no weights: .* 'meta'"),
        (nn.Linear(2, 2), [["a", "b"]], "x must hold numbers"),
        (nn.Linear(2, 2), [[1, 2], [3]], "x must hold numbers"),
        (nn.Linear(2, 2), np.empty((0, 2)), r"got shape \(0, 2\)"),
        (nn.Linear(2, 2), 1.0, r"got shape \(\)"),
    ],
)
def test_what_is_refused(network: Any, x: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        last_layer_inputs(network, x)


class InPlace(nn.Module):
    """A classifier that changes its input, and switches gradients on."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        torch.set_grad_enabled(True)
        logits: Tensor = self.head(x.mul_(2))
        return logits


def test_the_samples_are_unchanged() -> None:
    x = torch.ones(5, 2)
    np.testing.assert_array_equal(last_layer_inputs(InPlace(), x), np.full((5, 2), 2))
    assert torch.equal(x, torch.ones(5, 2))
