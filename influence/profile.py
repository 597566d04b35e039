"""The influence profile: sums of the n × m influence matrix by sign and by class."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class ProfileSlice:
    """The profile of one epoch, or the cumulative one.

    Attributes:
        self_influence: I(i → i), (n,), never negative.
        positive: P_ic = Σ_{j: y_j = c} max(I(i → j), 0), (n, C).
        negative: N_ic = Σ_{j: y_j = c} min(I(i → j), 0), (n, C).
        class_counts: validation samples of each class, (C,) int64.
    """

    self_influence: Floats
    positive: Floats
    negative: Floats
    class_counts: NDArray[np.int64]

    @property
    def by_class(self) -> Floats:
        """Influence on the validation samples of each class, P + N, (n, C)."""
        return self.positive + self.negative

    @property
    def n_validation(self) -> int:
        return int(self.class_counts.sum())


@dataclass(frozen=True)
class Profile:
    """Influence of every training sample at each of T epochs and cumulated over them.

    Row t < T of each array is for epoch t + 1; row T is for the cumulative influence
    Σ_t I_t(i → j), summed per pair *before* its sign is taken. Static estimators use one model
    only: their row T repeats the last epoch.

    Attributes:
        self_influence: (T + 1, n).
        positive, negative: (T + 1, n, C), see :class:`ProfileSlice`.
        class_counts: validation samples of each class, (C,) int64.
    """

    self_influence: Floats
    positive: Floats
    negative: Floats
    class_counts: NDArray[np.int64]

    @property
    def epochs(self) -> int:
        return len(self.self_influence) - 1

    @property
    def cumulative(self) -> ProfileSlice:
        return self._slice(self.epochs)

    def epoch(self, number: int) -> ProfileSlice:
        """The profile of one epoch, counted from 1."""
        if not 1 <= number <= self.epochs:
            raise UserError(f"epoch must lie in 1..{self.epochs}, got {number}")
        return self._slice(number - 1)

    def _slice(self, row: int) -> ProfileSlice:
        return ProfileSlice(
            self.self_influence[row], self.positive[row], self.negative[row], self.class_counts
        )

    def as_stored(self) -> Profile:
        """The profile in float32, the precision of its file, so that a signal scores the profile
        of a running trial and the stored one alike."""
        own, positive, negative = (
            sums.astype(np.float32) for sums in (self.self_influence, self.positive, self.negative)
        )
        return Profile(own, positive, negative, self.class_counts)

    def save(self, path: Path) -> None:
        """Write a compressed ``.npz`` of :meth:`as_stored`."""
        np.savez_compressed(path, **vars(self.as_stored()))

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read what :meth:`save` wrote."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})
