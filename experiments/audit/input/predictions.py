"""Predicted probabilities of another model as features of an audit."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError

FLOOR: Final = 1e-6
"""Smaller probabilities count as this one: their logarithms say nothing more."""
TOLERANCE: Final = 1e-2
"""How far the sum of a row may be from 1."""


def centred_logs(name: str, pred_probs: Any, n_classes: int) -> NDArray[np.float32]:
    """The logarithms of predicted probabilities, each row centred: logits up to a constant.

    Args:
        name: of the argument, for errors.
        pred_probs: (n, C), by sample and class, the classes in sorted order; out-of-sample
            predictions, or errors in the labels hide in them.
        n_classes: C.

    Returns:
        (n, C).

    Raises:
        UserError: these are not such probabilities.
    """
    try:
        p = np.asarray(pred_probs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} must be numbers (n, {n_classes}): {error}") from error
    if p.ndim != 2 or p.shape[1] != n_classes:
        raise UserError(
            f"{name} must have one column for each of the {n_classes} classes, got shape {p.shape}"
        )
    wrong = ~((p >= 0) & (p <= 1)).all(axis=1) | ~(np.abs(p.sum(axis=1) - 1) <= TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(
            f"{name} must be probabilities that sum to 1, got {p[row].round(4).tolist()[:5]} in "
            f"row {row}"
        )
    logs = np.log(np.maximum(p, FLOOR))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), dtype=np.float32)
