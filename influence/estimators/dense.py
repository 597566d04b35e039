"""Reference estimators that compute the whole n × m matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from influence.profile import Floats, Profile
from influence.record import TrainingRecord


class DenseEstimator(ABC):
    """An estimator defined by its influence matrices; one matrix is in memory at a time.

    Attributes:
        cumulated: whether the cumulative influence is the sum over the epochs, as for TracIn.
            Otherwise it is that of the last epoch, for estimators that use one model only.
    """

    cumulated: ClassVar[bool] = True

    @abstractmethod
    def matrices(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        """I(i → j), (n, m), and I(i → i), (n,), of each epoch."""

    def profile(self, record: TrainingRecord) -> Profile:
        """The profile of the given labels at every epoch."""
        labels = torch.from_numpy(record.trace.validation.labels.copy())
        members = one_hot(labels, record.trace.n_classes).double()
        own_rows, positive_rows, negative_rows = [], [], []
        for influence, own in self._epochs_and_whole(record):
            own_rows.append(own)
            positive_rows.append(influence.clamp(min=0) @ members)
            negative_rows.append(influence.clamp(max=0) @ members)
        return Profile(
            torch.stack(own_rows).numpy(),
            torch.stack(positive_rows).numpy(),
            torch.stack(negative_rows).numpy(),
            members.sum(dim=0).numpy().astype(np.int64),
        )

    def matrix(self, record: TrainingRecord) -> tuple[Floats, Floats]:
        """Cumulative I(i → j), (n, m), and I(i → i), (n,)."""
        *_, (influence, own) = self._epochs_and_whole(record)
        return influence.numpy(), own.numpy()

    def _epochs_and_whole(self, record: TrainingRecord) -> Iterator[tuple[Tensor, Tensor]]:
        whole = whole_own = torch.zeros(())
        with torch.random.fork_rng(devices=[]):  # DataLoaders and Captum use the global generator
            for matrix, own_influence in self.matrices(record):
                influence = matrix.detach().cpu().double()
                own = own_influence.detach().cpu().double()
                whole = whole + influence if self.cumulated else influence
                whole_own = whole_own + own if self.cumulated else own
                yield influence, own
        yield whole, whole_own
