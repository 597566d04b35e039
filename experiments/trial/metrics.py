"""How well a score finds the glitches (paper, section 4 and appendix A)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from experiments import schema


def flag_top(
    scores: NDArray[np.floating], count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark the ``count`` highest scores, ties broken by a random permutation, never by position.

    >>> flag_top(np.array([0.1, 0.9, 0.5]), 1, np.random.default_rng(0))
    array([False,  True, False])
    """
    shuffled = rng.permutation(len(scores))
    order = shuffled[np.argsort(-np.asarray(scores)[shuffled], kind="stable")]
    flagged = np.zeros(len(scores), dtype=bool)
    flagged[order[:count]] = True
    return flagged


def detection_f1(
    is_glitch: NDArray[np.bool_], scores: NDArray[np.floating], rng: np.random.Generator
) -> float:
    """F1 with as many samples flagged as there are glitches; nan without glitches."""
    count = int(is_glitch.sum())
    if count == 0:
        return float("nan")
    return float(f1_score(is_glitch, flag_top(scores, count, rng)))


def detection_metrics(
    is_glitch: NDArray[np.bool_], scores: NDArray[np.floating], rng: np.random.Generator
) -> dict[str, float]:
    """``f1`` (with the number of glitches known), ``average_precision`` and ``roc_auc``; empty
    without glitches or without clean samples, where they are undefined."""
    if is_glitch.all() or not is_glitch.any():
        return {}
    return {
        "f1": detection_f1(is_glitch, scores, rng),
        "average_precision": float(average_precision_score(is_glitch, scores)),
        "roc_auc": float(roc_auc_score(is_glitch, scores)),
    }


def threshold_metrics(is_glitch: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> dict[str, float]:
    """How well a signal finds glitches at its own threshold, without knowing their number.

    ``threshold_f1``, where there are glitches, and ``flagged_clean``, the share of clean samples
    that are flagged.
    """
    found = {schema.FLAGGED_CLEAN: float(flagged[~is_glitch].mean())} if not is_glitch.all() else {}
    if is_glitch.any():
        found[schema.THRESHOLD_F1] = float(f1_score(is_glitch, flagged, zero_division=0.0))
    return found


def kind_confusion(true: NDArray[np.object_], named: NDArray[np.object_]) -> pd.DataFrame:
    """Number of samples by true and named kind: columns ``true``, ``named``, ``samples``."""
    pairs = pd.DataFrame({"true": true.astype(str), "named": named.astype(str)})
    return pairs.value_counts(sort=False).rename("samples").reset_index()
