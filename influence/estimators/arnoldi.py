"""Static influence with a low-rank inverse Hessian (Schioppa et al. 2022), by Captum."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from captum.influence._core.arnoldi_influence_function import ArnoldiInfluenceFunction
from torch import Tensor, nn
from torch.utils.data import DataLoader

from influence.estimators.captum import batches
from influence.estimators.dense import DenseEstimator
from influence.record import TrainingRecord

# As in Captum's documentation. The default of its signature, 0.1, drops vectors that matter.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Arnoldi(DenseEstimator):
    """I(i → j) = g_jᵀ H⁻¹ g_i with the largest eigenvalues of the last layer's Hessian H.

    H sums over the training samples. The influence predicts by how much the loss of j increases
    when i is left out; positive means that i is helpful to j. The other layers are treated as
    constant: Captum only gets the last layer.

    Attributes:
        rank: number of eigenvalues kept.
        steps: dimension of the Krylov space in which they are computed.
    """

    rank: int = 50
    steps: int = 200

    cumulated: ClassVar[bool] = False

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        """Per epoch I(i → j) and I(i → i), from the model at the end of that epoch alone."""
        trace, checkpoints = record.trace, record.checkpoints
        for t in range(trace.epochs):
            head = cast(nn.Linear, checkpoints.at(t + 1).get_submodule("head"))
            train, validation = (
                batches(torch.tensor(side.inputs[t]), side, record.device)
                for side in (trace.train, trace.validation)
            )
            captum = self._captum(head.to(record.device), train)
            yield captum.influence(validation).T, captum.self_influence(train)

    def _captum(self, head: nn.Linear, train: DataLoader[object]) -> ArnoldiInfluenceFunction:
        with warnings.catch_warnings():
            # Captum 0.9.0 wraps a tensor in a tensor
            warnings.filterwarnings("ignore", "To copy construct from a tensor", UserWarning)
            return ArnoldiInfluenceFunction(
                head,
                train,
                "",
                lambda model, checkpoint: 1.0,
                loss_fn=nn.CrossEntropyLoss(reduction="sum"),
                sample_wise_grads_per_batch=True,
                projection_dim=self.rank,
                arnoldi_dim=self.steps,
                arnoldi_tol=TOLERANCE,
                seed=0,
            )


ARNOLDI = Arnoldi()
