"""The audit of given features beside cleanlab's Datalab, on the same features in one run.

    python benchmarks/datalab.py --data-root DIR

embeds images of Fashion-MNIST with EfficientNet-Lite0, gives one label in twenty a uniformly wrong
class and turns 50 samples into near copies of others. Then it measures processor time of Datalab's
checks for label errors, outliers and near duplicates, and of ``audit(features=..., labels=...)``,
which includes influence, reasons, clusters and an estimate of false positives. Datalab's label
check gets either the features, which it judges by their nearest neighbours, or out-of-sample
probabilities of a logistic regression, as its documentation recommends. Writes
docs/benchmarks/datalab.md. DIR holds Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from cleanlab import Datalab
from engine_report import machine, side_by_side, write_table
from input_size import features as embedded
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.audit import audit
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.training.context import TrialContext
from models.base import BuildContext
from models.efficientnet_lite0 import EFFICIENTNET_LITE0

DATASET = "fashion_mnist"
WRONG = 0.05
COPIES = 50
CHANGE = 0.01
"""Standard deviation of the relative change of each feature of a near copy."""
CHECKS: dict[str, dict[str, object]] = {
    "label": {"clean_learning_kwargs": {"find_label_issues_kwargs": {"n_jobs": 1}}},
    "outlier": {},
    "near_duplicate": {},
}
Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Given:
    """Features of n samples, their labels, and which of these are wrong; rows of near copies and of
    what they are copies of."""

    x: Matrix
    y: Rows
    wrong: Flags
    copies: Rows
    originals: Rows


@dataclass(frozen=True)
class Found:
    """How suspicious each label is, which are flagged, and which samples are near duplicates."""

    suspicion: NDArray[np.float64]
    flagged: Flags
    duplicates: Flags


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = made(options.data_root, options.rows)
    found: dict[str, Found] = {}

    def kept(name: str, method: Callable[[Given], Found]) -> None:
        found[name] = method(given)

    methods = {
        "Datalab, features": by_features,
        "Datalab, features and out-of-sample probabilities": by_probabilities,
        "audit": audited,
    }
    tasks = {name: partial(kept, name, method) for name, method in methods.items()}
    seconds = side_by_side(tasks, options.repeats, "cpu")
    rounds = "one round" if options.repeats == 1 else f"median of {options.repeats} rounds"
    write_table(
        "datalab",
        "The audit of given features beside Datalab",
        f"{len(given.y):,} images of Fashion-MNIST as {given.x.shape[1]:,} features of "
        f"EfficientNet-Lite0, {given.wrong.sum()} wrong labels, {COPIES} near copies. Datalab: its "
        "checks for label errors, outliers and near duplicates; the probabilities are those of a "
        "logistic regression in five folds, their time included. Audit: `audit(features=..., "
        "labels=...)`, with influence, reasons, clusters and an estimate of false positives. "
        f"Processor time, {rounds}. {machine(1)}.\n\n"
        "`python benchmarks/datalab.py --data-root DIR`",
        ("method", "seconds", "AP of wrong labels", "F1 of the flags", "near copies found"),
        [
            (
                name,
                f"{statistics.median(seconds[name]):.1f}",
                f"{average_precision_score(given.wrong, one.suspicion):.3f}",
                f"{f1_score(given.wrong, one.flagged):.3f}",
                f"{pairs_found(given, one.duplicates)} of {COPIES}",
            )
            for name, one in found.items()
        ],
    )


def made(data_root: Path, rows: int) -> Given:
    """The features, with wrong labels and near copies."""
    data = source_for(DATASET, data_root).load(DataOptions(data_root))
    rng = np.random.default_rng(0)
    data = data.take(rng.permutation(len(data))[:rows])
    context = BuildContext(data.x.shape[1:], data.n_classes, True, data_root)
    x = embedded(EFFICIENTNET_LITE0, context, data.x)[-1]
    y, drawn = data.y.copy(), rng.permutation(rows)
    wrong = np.zeros(rows, dtype=bool)
    wrong[drawn[: round(WRONG * rows)]] = True
    y[wrong] = (y[wrong] + rng.integers(1, data.n_classes, wrong.sum())) % data.n_classes
    copies, originals = drawn[-2 * COPIES : -COPIES], drawn[-COPIES:]
    change = 1.0 + CHANGE * rng.normal(size=(COPIES, x.shape[1]))
    x[copies], y[copies] = (x[originals] * change).astype(np.float32), y[originals]
    return Given(x, y, wrong, copies, originals)


def by_features(given: Given) -> Found:
    """Datalab on features alone."""
    return checked(given)


def by_probabilities(given: Given) -> Found:
    """Datalab on features and out-of-sample probabilities."""
    probabilities = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)),
        given.x,
        given.y,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    return checked(given, probabilities)


def checked(given: Given, probabilities: NDArray[np.float64] | None = None) -> Found:
    """Datalab's checks."""
    lab = Datalab({"y": given.y}, label_name="y", verbosity=0)
    lab.find_issues(features=given.x, pred_probs=probabilities, issue_types=CHECKS)
    issues: pd.DataFrame = lab.get_issues()
    return Found(
        1.0 - issues["label_score"].to_numpy(),
        issues["is_label_issue"].to_numpy(),
        issues["is_near_duplicate_issue"].to_numpy(),
    )


def audited(given: Given) -> Found:
    """The audit."""
    result = audit(features=given.x, labels=given.y, context=TrialContext(threads=1))
    table = result.table.sort_values("row")
    return Found(
        table["probability"].to_numpy(),
        table["flagged"].to_numpy(),
        (table["duplicate_of"] != "").to_numpy(),
    )


def pairs_found(given: Given, duplicates: Flags) -> int:
    """Copies that are called near duplicates, as is what they are copies of."""
    return int((duplicates[given.copies] & duplicates[given.originals]).sum())


if __name__ == "__main__":
    main()
