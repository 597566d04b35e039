"""The tables of influence against retraining, and the values behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from analysis.plotting.ground_truth import KEYS
from analysis.reading.frames import Frames
from analysis.reading.store import Store
from analysis.rendering.table import Table
from analysis.rendering.text import words
from analysis.stats.summary import measured, summarise
from common.errors import UserError
from experiments import schema

#: The measures that a trial with ``truth`` logs, by name, with their titles.
MEASURES: Final = {
    "lds": "Linear datamodeling score",
    "loo_validation": "Leave-one-out: ranks of training samples, per validation sample",
    "loo_train": "Leave-one-out: ranks of validation samples, per training sample",
    "loo_marginal": "Leave-one-out: ranks by the effect on all validation samples",
    "loo_self": "Leave-one-out: ranks by the effect on the sample itself",
}


def tables(frames: Frames) -> list[Table]:
    """One table per measure, with one column per estimator."""
    made = []
    for measure, title in MEASURES.items():
        values = measured(frames, measure)
        if values.empty:
            continue
        estimators = list(dict.fromkeys(values["series"]))
        made.append(
            Table(
                measure,
                title,
                "Rank correlation with the effect of retraining; 1 is perfect.",
                KEYS,
                {name: words(name) for name in estimators},
                summarise(values, KEYS).rename(columns={"series": "column"}),
            )
        )
    return made


def samples(store: Store, frames: Frames) -> pd.DataFrame:
    """The stored values of the trials, one row per sample: the keys, ``seed``, ``estimator``,
    ``measure`` and ``value``."""
    found = []
    for trial in frames.trials.to_dict("records"):
        values = store.load(trial["run_id"], schema.TRUTH_FILE, _values)
        if values is not None:
            found.append(values.assign(**{key: trial[key] for key in (*KEYS, "seed")}))
    if not found:
        raise UserError(
            "none of these runs was compared with retraining; "
            "create such runs with: python -m experiments.grid --grid truth"
        )
    return pd.concat(found, ignore_index=True)


def _values(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path, columns=["estimator", "measure", "value"])
