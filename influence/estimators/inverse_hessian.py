"""Static influence with the exact inverse Hessian of the last layer (Koh and Liang 2017).

This is the paper's static family of estimators, which use the trained model only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from common.errors import UserError
from influence.engine.sides import Side, side_of
from influence.estimators.dense import DenseEstimator
from influence.record import TrainingRecord

# the Hessian of this many parameters takes 0.8 GiB
MOST_PARAMETERS = 10_000


@dataclass(frozen=True)
class InverseHessian(DenseEstimator):
    """I(i → j) = g_jᵀ (Σ_k ∇²ℓ_k + λ)⁻¹ g_i with gradients and Hessian of the last layer.

    It predicts by how much the loss of j increases when i is left out; positive means that i is
    helpful to j. The Hessian of softmax regression, Σ_k (diag p_k − p_k p_kᵀ) ⊗ [h_k; 1][h_k; 1]ᵀ,
    is positive semi-definite, but singular, since adding a constant to all logits changes nothing;
    hence the damping.

    Attributes:
        damping: λ in units of the mean eigenvalue of the Hessian (0.1 in Grosse et al. 2023).
    """

    damping: float = 0.1

    cumulated: ClassVar[bool] = False

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        """Per epoch I(i → j) and I(i → i), from the model at the end of that epoch alone.

        Raises:
            UserError: the last layer has too many parameters for its Hessian.
        """
        trace = record.trace
        everything = range(trace.epochs)
        train = side_of(trace.train, everything, record.device)
        validation = side_of(trace.validation, everything, record.device)
        parameters = (train.inputs[0].shape[1] + trace.bias) * trace.n_classes
        if parameters > MOST_PARAMETERS:
            raise UserError(
                "estimator inverse_hessian needs a last layer with at most "
                f"{MOST_PARAMETERS} parameters, got {parameters}"
            )
        for t in everything:
            probabilities = torch.tensor(trace.train.probabilities[t], dtype=torch.float64)
            h = _extended(train.inputs[t], trace.bias)
            factor = self._factor(h, probabilities.to(h.device))
            whitened = _whitened(factor, train, t, trace.bias)
            whitened_validation = _whitened(factor, validation, t, trace.bias)
            yield whitened.T @ whitened_validation, whitened.square().sum(dim=0)

    def _factor(self, h: Tensor, probabilities: Tensor) -> Tensor:
        """Cholesky factor of the damped Hessian; parameters are ordered by class, then by input."""
        d, classes = h.shape[1], probabilities.shape[1]
        hessian = h.new_zeros(classes, d, classes, d)
        for a in range(classes):
            for b in range(a):
                weight = probabilities[:, a] * probabilities[:, b]
                block = h.T @ (weight.unsqueeze(1) * h)
                hessian[a, :, b] -= block
                hessian[b, :, a] -= block
                # 1 − p as the sum of the others keeps its digits where p is near 1
                hessian[a, :, a] += block
                hessian[b, :, b] += block
        flat = hessian.view(classes * d, classes * d)
        flat.diagonal().add_(self.damping * flat.diagonal().mean())
        factor: Tensor = torch.linalg.cholesky(flat)
        return factor


def _extended(inputs: Tensor, bias: bool) -> Tensor:
    h = inputs.double()
    return torch.cat([h, torch.ones_like(h[:, :1])], dim=1) if bias else h


def _whitened(factor: Tensor, side: Side, t: int, bias: bool) -> Tensor:
    """L⁻¹ g of each sample, (parameters, n); influence is an inner product of these."""
    h = _extended(side.inputs[t], bias)
    gradients = (side.residuals[t].double().unsqueeze(2) * h.unsqueeze(1)).flatten(1)
    whitened: Tensor = torch.linalg.solve_triangular(factor, gradients.T, upper=False)
    return whitened


INVERSE_HESSIAN = InverseHessian()
