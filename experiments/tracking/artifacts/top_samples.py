"""The most suspicious samples of a trial by each signal, as files that people look at.

Images get a contact sheet a signal; tables get the rows, with the features in which a row is most
unlike the other samples of its label.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from common.dataset import Dataset
from common.unusual_features import unusual_features
from experiments import schema
from experiments.tracking.artifacts.contact_sheet import COLUMNS, ROWS, Tile, contact_sheet
from experiments.trial.result import TrialResult
from glitches.contaminated import CLEAN, ERROR_COLUMNS, NO_TRUE_LABEL

SHEET_SIZE: Final = COLUMNS * ROWS
LISTED_ROWS: Final = 20


def write_suspects(result: TrialResult, folder: Path) -> None:
    """Write the files of this trial into ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    if result.train.data.modality == "image":
        for signal in _signals(result.scores):
            tiles = [_tile(result, row, rank) for rank, row in _top(result, signal, SHEET_SIZE)]
            sheet = contact_sheet(tiles).quantize(256)
            sheet.save(folder / f"{signal}.png", optimize=True)
    else:
        suspicious_rows(result).to_csv(folder / schema.SUSPECTS_TABLE, index=False)


def _signals(scores: pd.DataFrame) -> list[str]:
    return [str(column) for column in scores.columns if column not in ERROR_COLUMNS]


def _top(result: TrialResult, signal: str, count: int) -> list[tuple[int, int]]:
    """(rank from 1, row) of the highest scores."""
    order = np.argsort(-result.scores[signal].to_numpy(), kind="stable")[:count]
    return [(rank, int(row)) for rank, row in enumerate(order, start=1)]


def _tile(result: TrialResult, row: int, rank: int) -> Tile:
    train = result.train
    kind = str(train.glitch[row])
    given, true = _labels(train.data, int(train.data.y[row]), int(train.true_label[row]))
    glitch = "" if kind == CLEAN else kind.replace("_", " ")
    captions = [f"#{rank}  label: {given}", f"true: {true}", glitch]
    return Tile(train.data.x[row].astype(np.uint8), captions, kind != CLEAN)


def _labels(data: Dataset, given: int, true: int) -> tuple[str, str]:
    other = "other set" if true == NO_TRUE_LABEL else data.class_names[true]
    return data.class_names[given], other


def suspicious_rows(result: TrialResult) -> pd.DataFrame:
    """The most suspicious rows of a table by each signal.

    Returns:
        Columns ``signal``, ``rank`` (from 1), ``row`` (in training order), ``source_index``,
        ``score``, ``label``, ``true_label``, ``glitch`` and ``unusual``: the features furthest
        from the median of the row's label, in robust standard deviations.
    """
    data = result.train.data
    found = []
    for signal in _signals(result.scores):
        scores = result.scores[signal].to_numpy()
        for rank, row in _top(result, signal, LISTED_ROWS):
            true = int(result.train.true_label[row])
            given, other = _labels(data, int(data.y[row]), true)
            found.append(
                {
                    "signal": signal,
                    "rank": rank,
                    "row": row,
                    "source_index": int(data.source_index[row]),
                    "score": float(scores[row]),
                    "label": given,
                    "true_label": other,
                    "glitch": str(result.train.glitch[row]),
                }
            )
    table = pd.DataFrame(found)
    chosen = np.unique(table["row"].to_numpy(dtype=np.int64))
    texts = dict(zip(chosen.tolist(), unusual_features(data, chosen), strict=True))
    return table.assign(unusual=table["row"].map(texts))
