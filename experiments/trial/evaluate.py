"""The signals of a trial, and how well they find its glitches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.seeds import generator
from experiments import schema
from experiments.trial.metrics import (
    detection_f1,
    detection_metrics,
    kind_confusion,
    threshold_metrics,
)
from glitches.contaminated import CLEAN, Contaminated
from glitches.parse import kind_of
from influence.diagnosis.base import GLITCH_KINDS
from influence.evidence import Evidence
from influence.signals import SIGNALS
from influence.signals.base import Signal
from influence.trace import Trace


@dataclass(frozen=True)
class Evaluation:
    """Signals, compared with the error table.

    Attributes:
        scores: by signal, (n,) each.
        metrics: final metrics by MLflow name; empty where nothing is glitched.
        epoch_metrics: metrics by epoch, of the signals that are defined for single epochs.
        tables: by file name, such as the confusion table of a signal that names kinds.
    """

    scores: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    epoch_metrics: dict[str, list[float]] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def evaluate_signal(
    name: str, signal: Signal, evidence: Evidence, is_glitch: NDArray[np.bool_], seed: int
) -> Evaluation:
    """Evaluate one signal; ``seed`` and name of the signal determine how ties are broken."""
    scores = signal(evidence)
    found = detection_metrics(is_glitch, scores, generator(seed, f"ties/{name}"))
    if signal.flag is not None:
        found |= threshold_metrics(is_glitch, signal.flag(scores))
    epoch_metrics: dict[str, list[float]] = {}
    if signal.per_epoch and is_glitch.any() and not is_glitch.all():
        epoch_metrics[f"{schema.EPOCH_F1}/{name}"] = [
            detection_f1(
                is_glitch, signal(evidence.at(epoch)), generator(seed, f"ties/{name}/{epoch}")
            )
            for epoch in range(1, evidence.full_profile.epochs + 1)
        ]
    metrics = {f"{metric}/{name}": value for metric, value in found.items()}
    return Evaluation({name: scores}, metrics, epoch_metrics)


def compare_kinds(
    name: str, signal: Signal, evidence: Evidence, train: Contaminated
) -> tuple[dict[str, float], dict[str, pd.DataFrame]]:
    """How well a signal names the kinds of the glitches.

    Returns:
        The share of the glitches it found whose kind it named correctly, where it found any, and
        the confusion table of all kinds and names. Both are empty for a signal without kinds.
    """
    if signal.kinds is None:
        return {}, {}
    true, named = true_kinds(train), signal.kinds(evidence)
    found = np.isin(named, GLITCH_KINDS) & train.is_glitch
    table = {schema.KINDS_FILE.format(signal=name): kind_confusion(true, named)}
    if not found.any():
        return {}, table
    return {f"{schema.KIND_ACCURACY}/{name}": float((true == named)[found].mean())}, table


def true_kinds(train: Contaminated) -> NDArray[np.object_]:
    """The kind of each sample's glitch, or ``"clean"``, (n,)."""
    kinds: dict[str, str | None] = {CLEAN: CLEAN}
    for name in set(train.glitch) - {CLEAN}:
        kinds[name] = kind_of(name)
    return np.array([kinds[name] for name in train.glitch], dtype=object)


def evaluate_signals(
    signals: Iterable[str], evidence: Evidence, train: Contaminated, seed: int
) -> tuple[pd.DataFrame, Evaluation]:
    """Evaluate the named signals and compare them with the error table.

    Returns:
        The error table with one column per signal, and the evaluation of all of them.
    """
    together = Evaluation()
    for name in signals:
        signal = SIGNALS[name]
        one = evaluate_signal(name, signal, evidence, train.is_glitch, seed)
        metrics, tables = compare_kinds(name, signal, evidence, train)
        together.scores.update(one.scores)
        together.metrics.update(one.metrics | metrics)
        together.epoch_metrics.update(one.epoch_metrics)
        together.tables.update(tables)
    return train.error_table().assign(**together.scores), together


def dynamics(trace: Trace, is_glitch: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Accuracy and loss by epoch, at its end and in eval mode.

    ``accuracy/glitched`` compares with the labels that glitched samples have in training (paper,
    Table 1).
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
