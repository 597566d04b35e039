"""What is wrong with the set as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from common.dataset import Dataset
from experiments.audit.fold import FoldResult
from influence.diagnosis.base import GLITCH_KINDS, LABEL_ERROR, NO_LABEL, Diagnosis

ALL = "all"
LEVEL = 0.95


@dataclass(frozen=True)
class Summary:
    """What is wrong with a set of n samples.

    Attributes:
        shares: by class (``"all"`` first) and kind, the number flagged, the estimated share of the
            class and its 95 % interval from ``low`` to ``high``.
        confusion: flagged label errors by given label (rows) and expected label (columns).
        false_positives: an estimate of the number of clean samples flagged: the rate at which the
            audit flags the set without its flagged samples, times n; NaN if too few samples are
            left. It misses clean samples that look wrong, as these are removed too.
        accuracy: of the models on the reference set or the held-out folds, the mean.
    """

    shares: pd.DataFrame
    confusion: pd.DataFrame
    false_positives: float
    accuracy: float


def summarize(
    data: Dataset,
    diagnosis: Diagnosis,
    results: Sequence[FoldResult],
    false_positive_rate: float,
) -> Summary:
    """The summary of an audit."""
    groups = [(ALL, np.ones(len(data), bool))]
    groups += [(name, data.y == number) for number, name in enumerate(data.class_names)]
    rows = [
        {"class": name, **_share(diagnosis, results, kind, members)}
        for name, members in groups
        for kind in range(len(GLITCH_KINDS))
    ]
    return Summary(
        shares=pd.DataFrame(rows),
        confusion=_confusion(data, diagnosis),
        false_positives=false_positive_rate * len(data),
        accuracy=float(np.mean([result.accuracy for result in results])),
    )


def _share(
    diagnosis: Diagnosis,
    results: Sequence[FoldResult],
    kind: int,
    members: NDArray[np.bool_],
) -> dict[str, object]:
    """The share of one kind among some samples.

    The variance of the estimate is that of independent Bernoulli draws with the diagnosed
    probabilities, plus the variance between folds.
    """
    p = diagnosis.kind_probability[members, kind]
    variance = float((p * (1 - p)).sum()) / max(len(p), 1) ** 2
    means = [
        result.diagnosis.kind_probability[members[result.fold.rows], kind].mean()
        for result in results
        if members[result.fold.rows].any()
    ]
    if len(means) > 1:
        variance += float(np.var(means, ddof=1))
    share = float(p.mean()) if len(p) else 0.0
    half_width = float(norm.ppf((1 + LEVEL) / 2)) * variance**0.5
    name = GLITCH_KINDS[kind]
    return {
        "kind": name,
        "flagged": int((diagnosis.flagged & (diagnosis.kind == name) & members).sum()),
        "share": share,
        "low": max(0.0, share - half_width),
        "high": min(1.0, share + half_width),
    }


def _confusion(data: Dataset, diagnosis: Diagnosis) -> pd.DataFrame:
    rows = np.flatnonzero(
        diagnosis.flagged & (diagnosis.kind == LABEL_ERROR) & (diagnosis.expected_label != NO_LABEL)
    )
    counts = np.zeros((data.n_classes, data.n_classes), dtype=np.int64)
    np.add.at(counts, (data.y[rows], diagnosis.expected_label[rows]), 1)
    names = list(data.class_names)
    return pd.DataFrame(
        counts,
        index=pd.Index(names, name="label"),
        columns=pd.Index(names, name="expected_label"),
    )
