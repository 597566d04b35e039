"""The matrix products of a tile, by the fastest means that PyTorch has at hand."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Product(Protocol):
    """(left @ rightᵀ + 1) * times, without the 1 unless ``plus_one``, without ``times`` if None."""

    def __call__(
        self, left: Tensor, right: Tensor, times: Tensor | None = None, plus_one: bool = False
    ) -> Tensor: ...


def product_for(like: Tensor) -> Product:
    """The product for tensors such as this one.

    oneDNN multiplies float32 matrices up to twice as fast as the BLAS of PyTorch, depending on the
    processor, and does the rest in registers. Its operator is the one that ``torch.compile``
    calls; where it is missing, and for other types and devices, the BLAS does.
    """
    if (
        like.dtype == torch.float32
        and like.device.type == "cpu"
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # untyped
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    ):
        return _onednn
    return _blas


def _onednn(
    left: Tensor, right: Tensor, times: Tensor | None = None, plus_one: bool = False
) -> Tensor:
    one = right.new_ones(len(right)) if plus_one else None
    linear = torch.ops.mkldnn._linear_pointwise
    if times is None:
        out: Tensor = linear(left, right, one, "none", [], "")
    else:
        out = linear.binary(left, times, right, one, "mul")
    return out


def _blas(
    left: Tensor, right: Tensor, times: Tensor | None = None, plus_one: bool = False
) -> Tensor:
    out = left @ right.T
    if times is None:
        return out.add_(1.0) if plus_one else out
    return torch.addcmul(times, times, out, out=out) if plus_one else out.mul_(times)
