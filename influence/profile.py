"""The influence profile: all that sign-wise and class-wise signals need of the n × m influence."""

from __future__ import annotations

from dataclasses import dataclass
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

    Row t < T of each array is epoch t + 1 alone; row T is the cumulative influence Σ_t I_t(i → j),
    summed per pair *before* its sign is taken. (Static estimators look at one model only: their
    row T repeats the last epoch.)

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
            raise UserError(f"epoch must lie in 1..{self.epochs}, however: {number}")
        return self._slice(number - 1)

    def _slice(self, row: int) -> ProfileSlice:
        return ProfileSlice(
            self.self_influence[row], self.positive[row], self.negative[row], self.class_counts
        )

    def as_stored(self) -> Profile:
        """The same profile at the precision of its file (float32), so that a signal gives the same
        digits on the profile of a trial and on the stored one."""
        return Profile(
            self.self_influence.astype(np.float32),
            self.positive.astype(np.float32),
            self.negative.astype(np.float32),
            self.class_counts,
        )

    def save(self, path: Path) -> None:
        """Write a compressed ``.npz`` of :meth:`as_stored`."""
        stored = self.as_stored()
        np.savez_compressed(
            path,
            self_influence=stored.self_influence,
            positive=stored.positive,
            negative=stored.negative,
            class_counts=stored.class_counts,
        )

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                stored["self_influence"],
                stored["positive"],
                stored["negative"],
                stored["class_counts"],
            )
