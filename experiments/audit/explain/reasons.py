"""Why a sample is suspected: who speaks for and against it, when it was learned, what is odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.audit.explain.features import Looks
from experiments.audit.fold import Opinion, Rows
from experiments.audit.input.data import AuditData
from experiments.tracking.artifacts.top_samples import unusual_features
from influence.engine.rows import influence_rows

WITNESSES = 5
"""Samples named each way."""
TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True)
class Witness:
    """A sample that speaks for another one's label (influence above zero) or against it.

    Attributes:
        part: ``"train"`` or ``"validation"``.
        row: of that part.
        influence: I between the two, over the whole training.
    """

    part: str
    row: int
    influence: float


@dataclass(frozen=True)
class Reason:
    """Why one sample is suspected.

    Attributes:
        row: of the training set.
        speak_for, speak_against: training samples, strongest first.
        helped, harmed: validation samples whose loss it lowers or raises most.
        neighbours: training samples that look most like it.
        odd: for tables, its most unusual features.
    """

    row: int
    speak_for: tuple[Witness, ...]
    speak_against: tuple[Witness, ...]
    helped: tuple[Witness, ...]
    harmed: tuple[Witness, ...]
    neighbours: tuple[int, ...]
    odd: str = ""


def reasons(
    data: AuditData, rows: Rows, opinions: Sequence[Opinion], looks: Looks, device: str
) -> list[Reason]:
    """The reasons of some training rows, in their order."""
    if not len(rows):
        return []
    odd = [""] * len(rows)
    if data.train.modality == "tabular":
        odd = unusual_features(data.train, rows)
    neighbours, _ = looks.nearest(rows, WITNESSES)
    found: dict[int, Reason] = {}
    for one in opinions:
        asked = np.flatnonzero(np.isin(rows, one.rows) & ~np.isin(rows, list(found)))
        if not len(asked):
            continue
        places = np.searchsorted(one.rows, rows[asked])
        on_validation, on_train = influence_rows(one.trace, places, device)
        on_train[np.arange(len(asked)), places] = 0.0  # on itself: always for
        part, validation_rows = TRAIN, one.validation_rows
        if data.validation is not None:
            part, validation_rows = VALIDATION, one.seen_from
        for place, index in enumerate(asked):
            train_pair = _both_ways(on_train[place], one.rows, TRAIN)
            validation_pair = _both_ways(on_validation[place], validation_rows, part)
            found[int(rows[index])] = Reason(
                int(rows[index]),
                *train_pair,
                *validation_pair,
                tuple(int(n) for n in neighbours[index]),
                odd[index],
            )
    return [found[int(row)] for row in rows]


def as_table(found: Sequence[Reason], learned: Rows) -> pd.DataFrame:
    """One row a sample; samples of a column are joined by ``;``."""

    def listed(witnesses: Sequence[Witness]) -> str:
        return ";".join(f"{w.part}:{w.row}({w.influence:.3g})" for w in witnesses)

    return pd.DataFrame(
        {
            "row": [one.row for one in found],
            "learned_epoch": [int(learned[one.row]) for one in found],
            "speak_for": [listed(one.speak_for) for one in found],
            "speak_against": [listed(one.speak_against) for one in found],
            "helped": [listed(one.helped) for one in found],
            "harmed": [listed(one.harmed) for one in found],
            "neighbours": [";".join(map(str, one.neighbours)) for one in found],
            "odd_features": [one.odd for one in found],
        }
    )


def _both_ways(
    influence: NDArray[np.float32], rows: Rows, part: str
) -> tuple[tuple[Witness, ...], tuple[Witness, ...]]:
    def top(order: Rows, sign: int) -> tuple[Witness, ...]:
        return tuple(
            Witness(part, int(rows[i]), float(influence[i]))
            for i in order[:WITNESSES]
            if sign * influence[i] > 0
        )

    order = np.argsort(influence, kind="stable")
    return top(order[::-1], 1), top(order, -1)
