"""Signals of a trial and how well they find its glitches."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.seeds import generator
from experiments.scoring import detection_f1, detection_metrics
from glitches.contaminated import Contaminated
from influence.evidence import Evidence
from influence.signals import SIGNALS
from influence.trace import Trace


def evaluate_signals(
    names: Iterable[str], evidence: Evidence, train: Contaminated, seed: int
) -> tuple[pd.DataFrame, dict[str, float], dict[str, list[float]]]:
    """The named signals on the evidence, compared with the error table.

    Returns:
        The error table with one column a signal, final metrics, and F1 per epoch, by MLflow name.
    """
    table = train.error_table()
    metrics: dict[str, float] = {}
    epoch_f1: dict[str, list[float]] = {}
    is_glitch = train.is_glitch
    for name in names:
        signal = SIGNALS[name]
        scores = signal(evidence)
        table[name] = scores
        found = detection_metrics(is_glitch, scores, generator(seed, f"ties/{name}"))
        metrics |= {f"{metric}/{name}": value for metric, value in found.items()}
        if signal.per_epoch and found:
            epoch_f1[f"epoch_f1/{name}"] = [
                detection_f1(
                    is_glitch, signal(evidence.at(epoch)), generator(seed, f"ties/{name}/{epoch}")
                )
                for epoch in range(1, evidence.full_profile.epochs + 1)
            ]
    return table, metrics, epoch_f1


def dynamics(trace: Trace, is_glitch: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Accuracy and loss at the end of each epoch, in eval mode.

    ``accuracy/glitched`` is measured against the label that the glitched samples carry in
    training (paper, Table 1).
    """
    found = {
        "accuracy/train": trace.train.correct.mean(axis=1).tolist(),
        "accuracy/validation": trace.validation.correct.mean(axis=1).tolist(),
        "loss/train": trace.train.losses.mean(axis=1).tolist(),
        "loss/validation": trace.validation.losses.mean(axis=1).tolist(),
    }
    if is_glitch.any():
        found["accuracy/glitched"] = trace.train.correct[:, is_glitch].mean(axis=1).tolist()
        found["loss/glitched"] = trace.train.losses[:, is_glitch].mean(axis=1).tolist()
    return found


def peak_rss_mib() -> float:
    """Peak resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2
