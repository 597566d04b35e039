"""The interface of a signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from influence.evidence import Evidence

Scores = NDArray[np.floating]
Flag = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Signal:
    """A score per training sample; higher = more suspicious.

    Attributes:
        score: maps the evidence to scores of shape (n,). Its docstring describes the signal in
            docs/signals.md: the formula, then ``Source:`` and the reference.
        per_epoch: whether it uses ``evidence.profile`` only, so that it is defined at each epoch;
            other signals are scored once for the whole training.
        flag: for a signal with its own threshold, maps scores to which samples it flags, (n,) bool.
        kinds: for a signal that names kinds, the kind of each sample, (n,) object; see
            ``influence.diagnosis.base.KINDS``.
    """

    score: Callable[[Evidence], Scores]
    per_epoch: bool = False
    flag: Flag | None = None
    kinds: Callable[[Evidence], NDArray[np.object_]] | None = None

    def __call__(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores of shape (n,), checked to be finite."""
        scores = np.asarray(self.score(evidence), dtype=np.float64)
        if scores.shape != evidence.labels.shape:
            raise UserError(
                f"a signal must return one score per sample, shape {evidence.labels.shape}, got "
                f"{scores.shape}"
            )
        if not np.isfinite(scores).all():
            bad = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise UserError(f"scores must be finite, got {scores[bad]} for sample {bad}")
        return scores


def per_epoch(score: Callable[[Evidence], Scores]) -> Signal:
    """Decorator for a signal that is defined at each epoch and for the cumulative influence."""
    return Signal(score, per_epoch=True)


def whole_training(score: Callable[[Evidence], Scores]) -> Signal:
    """Decorator for a signal over the whole training."""
    return Signal(score)


def with_threshold(flag: Flag) -> Callable[[Callable[[Evidence], Scores]], Signal]:
    """Decorator for a signal over the whole training that has its own threshold."""
    return lambda score: Signal(score, flag=flag)
