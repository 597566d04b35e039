"""The matrix products of a tile, by the fastest operator that PyTorch offers."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Product(Protocol):
    """(left @ rightᵀ + plus) * times; an argument that is ``None`` is skipped.

    Shape:
        left (n, k), right (m, k), plus (m,), times (n, m), result (n, m).
    """

    def __call__(
        self, left: Tensor, right: Tensor, plus: Tensor | None = None, times: Tensor | None = None
    ) -> Tensor: ...


def product_for(like: Tensor) -> Product:
    """The product for tensors of this type and device.

    Depending on the processor, oneDNN multiplies float32 matrices up to twice as fast as PyTorch's
    BLAS, and it adds and multiplies in registers. Its operator is the one that ``torch.compile``
    calls. Where it is missing, and for other types and devices, BLAS is used.
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
    left: Tensor, right: Tensor, plus: Tensor | None = None, times: Tensor | None = None
) -> Tensor:
    linear = torch.ops.mkldnn._linear_pointwise
    out: Tensor
    if times is None:
        out = linear(left, right, plus, "none", [], "")
    else:
        out = linear.binary(left, times, right, plus, "mul")
    return out


def _blas(
    left: Tensor, right: Tensor, plus: Tensor | None = None, times: Tensor | None = None
) -> Tensor:
    out = left @ right.T if plus is None else torch.addmm(plus, left, right.T)
    return out if times is None else out.mul_(times)
