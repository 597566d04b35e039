"""The suspicions of an audit as a tidy table."""

from __future__ import annotations

import pandas as pd

from common.dataset import Dataset
from experiments.audit.pipeline import Examination
from influence.diagnosis.base import NO_LABEL, Diagnosis

RANK = "rank_"


def suspicions(found: Examination) -> pd.DataFrame:
    """Every sample, the most suspicious first.

    Returns:
        Columns ``row`` (from 0), ``file`` where there are files, ``label``, ``probability`` of
        being a glitch, ``flagged``, ``kind``, ``expected_label`` (missing where the evidence
        speaks for none), ``duplicate_of``, and ``rank_<signal>``: its rank by each known signal,
        from 1, the most suspicious.
    """
    table = judged(found.data.train, found.diagnosis)
    if found.data.files:
        table.insert(1, "file", found.data.files)
    table["duplicate_of"] = found.duplicate_of.astype(str)
    for name, ranks in found.ranks.items():
        table[f"{RANK}{name}"] = ranks
    return table.iloc[found.order].reset_index(drop=True)


def judged(train: Dataset, diagnosis: Diagnosis) -> pd.DataFrame:
    """What a diagnosis says of each sample, in the order of the set.

    Returns:
        Columns ``row``, ``label``, ``probability``, ``flagged``, ``kind``, ``expected_label``, as
        in :func:`suspicions`.
    """
    names = train.class_names
    return pd.DataFrame(
        {
            "row": range(len(train)),
            "label": [names[label] for label in train.y.tolist()],
            "probability": diagnosis.probability,
            "flagged": diagnosis.flagged,
            "kind": diagnosis.kind.astype(str),
            "expected_label": [
                None if label == NO_LABEL else names[label]
                for label in diagnosis.expected_label.tolist()
            ],
        }
    )
