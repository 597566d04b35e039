"""Signals of a trial and how well they find its glitches."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.seeds import generator
from experiments import names
from experiments.scoring import detection_f1, detection_metrics
from glitches.contaminated import Contaminated
from influence.evidence import Evidence
from influence.signals import SIGNALS
from influence.signals.base import Signal
from influence.trace import Trace


@dataclass(frozen=True)
class Evaluation:
    """One signal, compared with the error table.

    Attributes:
        scores: of each sample, (n,).
        metrics: final ones by MLflow name; empty where nothing is glitched.
        epoch_metrics: likewise by epoch, where the signal means something at each.
    """

    scores: NDArray[np.float64]
    metrics: dict[str, float]
    epoch_metrics: dict[str, list[float]]


def evaluate_signal(
    name: str, signal: Signal, evidence: Evidence, is_glitch: NDArray[np.bool_], seed: int
) -> Evaluation:
    """A signal on the evidence; ties are broken by the trial's ``seed`` and the signal's name."""
    scores = signal(evidence)
    found = detection_metrics(is_glitch, scores, generator(seed, f"ties/{name}"))
    epoch_metrics: dict[str, list[float]] = {}
    if signal.per_epoch and found:
        epoch_metrics[f"{names.EPOCH_F1}/{name}"] = [
            detection_f1(
                is_glitch, signal(evidence.at(epoch)), generator(seed, f"ties/{name}/{epoch}")
            )
            for epoch in range(1, evidence.full_profile.epochs + 1)
        ]
    metrics = {f"{metric}/{name}": value for metric, value in found.items()}
    return Evaluation(scores, metrics, epoch_metrics)


def evaluate_signals(
    signals: Iterable[str], evidence: Evidence, train: Contaminated, seed: int
) -> tuple[pd.DataFrame, dict[str, float], dict[str, list[float]]]:
    """The named signals on the evidence, compared with the error table.

    Returns:
        The error table with one column a signal, final metrics, and F1 per epoch, by MLflow name.
    """
    table = train.error_table()
    metrics: dict[str, float] = {}
    epoch_metrics: dict[str, list[float]] = {}
    for name in signals:
        found = evaluate_signal(name, SIGNALS[name], evidence, train.is_glitch, seed)
        table[name] = found.scores
        metrics |= found.metrics
        epoch_metrics |= found.epoch_metrics
    return table, metrics, epoch_metrics


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
