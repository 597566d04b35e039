"""Static influence with Captum's low-rank inverse Hessian (Schioppa et al. 2022)."""

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

# Captum's own documentation; its signature has 0.1, at which vectors that matter are dropped.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Arnoldi(DenseEstimator):
    """I(i → j) = g_jᵀ H⁻¹ g_i with the largest eigenvalues of the last layer's Hessian H.

    H sums over the training samples. It predicts by how much the loss of j grows when i is left
    out; positive means that i helps j. The other layers are constants, so that Captum is shown the
    last layer alone.

    Attributes:
        rank: eigenvalues that are kept.
        steps: dimension of the Krylov space that they are sought in.
    """

    rank: int = 50
    steps: int = 200

    cumulated: ClassVar[bool] = False

    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        """Per epoch I(i → j) and I(i → i), from the model of that epoch alone."""
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
