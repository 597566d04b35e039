"""What a signal is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from influence.evidence import Evidence

Scores = NDArray[np.floating]


@dataclass(frozen=True)
class Signal:
    """A score per training sample, higher = more suspicious.

    Attributes:
        score: maps the evidence to scores of shape (n,).
        per_epoch: whether it reads ``evidence.profile`` only, so that it means something at each
            epoch; a signal over the whole training is scored once.
        flag: for a signal with a threshold of its own, which samples it calls glitches, (n,) bool,
            by its scores.
        kinds: for a signal that names kinds, the kind of each sample, (n,) object; see
            ``influence.diagnosis.base.KINDS``.
    """

    score: Callable[[Evidence], Scores]
    per_epoch: bool = False
    flag: Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None = None
    kinds: Callable[[Evidence], NDArray[np.object_]] | None = None

    def __call__(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores of shape (n,), checked to be finite."""
        scores = np.asarray(self.score(evidence), dtype=np.float64)
        if scores.shape != evidence.labels.shape:
            raise UserError(
                f"a signal must return one score a sample, {evidence.labels.shape}, however: "
                f"{scores.shape}"
            )
        if not np.isfinite(scores).all():
            bad = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise UserError(f"a signal must be finite, however: sample {bad} got {scores[bad]}")
        return scores


def per_epoch(score: Callable[[Evidence], Scores]) -> Signal:
    """Decorator for a signal that is defined at each epoch and for the cumulative influence."""
    return Signal(score, per_epoch=True)


def whole_training(score: Callable[[Evidence], Scores]) -> Signal:
    """Decorator for a signal over the whole training."""
    return Signal(score)
