"""From the n × m matrix of each epoch to a profile: for the slow references."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from influence.profile import Profile


def profile_from_matrices(
    epochs: Iterable[tuple[Tensor, Tensor]],
    validation_labels: NDArray[np.int64],
    classes: int,
    *,
    cumulated: bool = True,
) -> Profile:
    """The profile of influence matrices, of which one epoch's at a time is in memory.

    Args:
        epochs: per epoch I(i → j), (n, m), and I(i → i), (n,).
        validation_labels: (m,) int64.
        classes: C.
        cumulated: whether the last row of the profile is the sum over the epochs, as for TracIn;
            otherwise it is the last epoch again, for estimators that look at one model only.
    """
    members = one_hot(torch.from_numpy(np.array(validation_labels)), classes).double()
    own_rows, positive_rows, negative_rows = [], [], []

    def add(influence: Tensor, own: Tensor) -> None:
        own_rows.append(own)
        positive_rows.append(influence.clamp(min=0) @ members)
        negative_rows.append(influence.clamp(max=0) @ members)

    total = own_total = torch.zeros(())
    for matrix, own_influence in epochs:
        influence, own = matrix.detach().cpu().double(), own_influence.detach().cpu().double()
        add(influence, own)
        total = total + influence if cumulated else influence
        own_total = own_total + own if cumulated else own
    add(total, own_total)
    return Profile(
        torch.stack(own_rows).numpy(),
        torch.stack(positive_rows).numpy(),
        torch.stack(negative_rows).numpy(),
        members.sum(dim=0).numpy().astype(np.int64),
    )
