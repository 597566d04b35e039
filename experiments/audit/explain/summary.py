"""What is wrong with the set as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from common.dataset import Dataset
from experiments.audit.fold import Opinion
from influence.diagnosis.base import GLITCH_KINDS, LABEL_ERROR, NO_LABEL, Diagnosis

ALL = "all"
LEVEL = 0.95


@dataclass(frozen=True)
class Summary:
    """What is wrong with a set of n samples.

    Attributes:
        shares: by class (``"all"`` first) and kind the number flagged, the estimated share of the
            samples of the class and its 95 % interval ``low`` to ``high``.
        confusion: samples flagged as label errors, by given label (rows) and expected one.
        by_chance: how many the same audit flags of n samples without those that were flagged; nan
            where too few are left to tell.
        accuracy: of the trained models on what played validation, the mean.
    """

    shares: pd.DataFrame
    confusion: pd.DataFrame
    by_chance: float
    accuracy: float


def summarised(
    data: Dataset, diagnosis: Diagnosis, opinions: Sequence[Opinion], chance: float
) -> Summary:
    """The summary of an audit.

    The interval of a share covers what the probabilities leave open, and how far the opinions
    differ where there are several.

    Args:
        data: the set.
        diagnosis: of its samples.
        opinions: that it was made from.
        chance: share of a clean set that is flagged.
    """
    groups = [(ALL, np.ones(len(data), bool))]
    groups += [(name, data.y == number) for number, name in enumerate(data.class_names)]
    rows = [
        {"class": name, **_share(diagnosis, opinions, kind, members)}
        for name, members in groups
        for kind in range(len(GLITCH_KINDS))
    ]
    return Summary(
        pd.DataFrame(rows),
        _confusion(data, diagnosis),
        chance * len(data),
        float(np.mean([one.accuracy for one in opinions])),
    )


def _share(
    diagnosis: Diagnosis, opinions: Sequence[Opinion], kind: int, members: NDArray[np.bool_]
) -> dict[str, object]:
    p = diagnosis.kind_probability[members, kind]
    variance = float((p * (1 - p)).sum()) / max(len(p), 1) ** 2
    means = [
        one.diagnosis.kind_probability[members[one.rows], kind].mean()
        for one in opinions
        if members[one.rows].any()
    ]
    if len(means) > 1:
        variance += float(np.var(means, ddof=1))
    share = float(p.mean()) if len(p) else 0.0
    reach = float(norm.ppf((1 + LEVEL) / 2)) * variance**0.5
    name = GLITCH_KINDS[kind]
    return {
        "kind": name,
        "flagged": int((diagnosis.flagged & (diagnosis.kind == name) & members).sum()),
        "share": share,
        "low": max(0.0, share - reach),
        "high": min(1.0, share + reach),
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
