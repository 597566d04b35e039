"""Why a sample is suspicious: influential samples, neighbours, unusual features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.unusual_features import unusual_features
from experiments.audit.aggregate import learned_epochs
from experiments.audit.explain.features import FeatureSpace
from experiments.audit.fold import FoldResult, Rows
from experiments.audit.input.data import AuditData
from experiments.training.context import TrialContext
from influence.engine.rows import influence_rows

LISTED = 5
"""Samples listed of each sort."""
TRAIN, VALIDATION = "train", "validation"
REASONS = "reasons"
"""The step whose progress is told."""


@dataclass(frozen=True)
class InfluentialSample:
    """A sample and its influence, which is positive if training on one of the two lowers the loss
    of the other.

    Attributes:
        part: ``"train"`` or ``"validation"``.
        row: of that part.
        influence: over the whole training.
    """

    part: str
    row: int
    influence: float


@dataclass(frozen=True)
class Reason:
    """Why one training sample is suspicious.

    Attributes:
        row: of the training set.
        supporting, opposing: training samples with the most positive and the most negative
            influence on its loss.
        helped, harmed: reference samples whose loss it lowers or raises most.
        neighbours: rows of the most similar training samples.
        learned: the epoch, from 1, since which it is classified as labelled; 0 for never.
        unusual: for tables, its most unusual features, as text.
    """

    row: int
    supporting: tuple[InfluentialSample, ...]
    opposing: tuple[InfluentialSample, ...]
    helped: tuple[InfluentialSample, ...]
    harmed: tuple[InfluentialSample, ...]
    neighbours: tuple[int, ...]
    learned: int = 0
    unusual: str = ""


def reasons(
    data: AuditData,
    rows: Rows,
    results: Sequence[FoldResult],
    space: FeatureSpace,
    context: TrialContext,
) -> list[Reason]:
    """The reasons of some training rows, in their order, each by the first fold trained on it."""
    if not len(rows):
        return []
    unusual = [""] * len(rows)
    if data.train.modality == "tabular":
        unusual = unusual_features(data.train, rows)
    neighbours, _ = space.nearest(rows, LISTED)
    learned = learned_epochs(results, len(data.train))
    found: dict[int, Reason] = {}
    for result in results:
        context.progress(REASONS, len(found), len(rows))
        fold = result.fold
        asked = np.flatnonzero(np.isin(rows, fold.rows) & ~np.isin(rows, list(found)))
        if not len(asked):
            continue
        places = np.searchsorted(fold.rows, rows[asked])
        on_reference, on_train = influence_rows(result.trace, places, context.device)
        on_train[np.arange(len(asked)), places] = 0.0  # Self-influence is always positive.
        part, reference_rows = TRAIN, fold.held_out
        if data.validation is not None:
            part, reference_rows = VALIDATION, fold.reference.data.source_index
        for place, index in enumerate(asked):
            supporting, opposing = _extremes(on_train[place], fold.rows, TRAIN)
            helped, harmed = _extremes(on_reference[place], reference_rows, part)
            row = int(rows[index])
            near = tuple(int(n) for n in neighbours[index])
            found[row] = Reason(
                row, supporting, opposing, helped, harmed, near, int(learned[row]), unusual[index]
            )
    context.progress(REASONS, len(rows), len(rows))
    return [found[int(row)] for row in rows]


def reasons_table(found: Sequence[Reason]) -> pd.DataFrame:
    """One row for each sample; the samples in a cell are separated by ``;``."""

    def listed(samples: Sequence[InfluentialSample]) -> str:
        return ";".join(f"{s.part}:{s.row}({s.influence:.3g})" for s in samples)

    return pd.DataFrame(
        {
            "row": [reason.row for reason in found],
            "learned_epoch": [reason.learned for reason in found],
            "speak_for": [listed(reason.supporting) for reason in found],
            "speak_against": [listed(reason.opposing) for reason in found],
            "helped": [listed(reason.helped) for reason in found],
            "harmed": [listed(reason.harmed) for reason in found],
            "neighbours": [";".join(map(str, reason.neighbours)) for reason in found],
            "odd_features": [reason.unusual for reason in found],
        }
    )


def _extremes(
    influence: NDArray[np.float32], rows: Rows, part: str
) -> tuple[tuple[InfluentialSample, ...], tuple[InfluentialSample, ...]]:
    """The samples with the most positive and those with the most negative influence."""

    def top(order: Rows, sign: int) -> tuple[InfluentialSample, ...]:
        return tuple(
            InfluentialSample(part, int(rows[i]), float(influence[i]))
            for i in order[:LISTED]
            if sign * influence[i] > 0
        )

    order = np.argsort(influence, kind="stable")
    return top(order[::-1], 1), top(order, -1)
