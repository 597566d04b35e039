"""The suspicions of an audit as a tidy table."""

from __future__ import annotations

import pandas as pd

from experiments.audit.examination import Examination
from influence.diagnosis.base import NO_LABEL

RANK = "rank_"


def suspicions(found: Examination) -> pd.DataFrame:
    """Every sample, the most suspicious first.

    Returns:
        Columns ``row`` (from 0), ``file`` where there are files, ``label``, ``probability`` of
        being a glitch, ``flagged``, ``kind``, ``expected_label`` (missing where the evidence
        speaks for none), ``duplicate_of``, and ``rank_<signal>``: its rank by each known signal,
        from 1, the most suspicious.
    """
    train, diagnosis = found.data.train, found.diagnosis
    names = dict(enumerate(train.class_names))
    columns: dict[str, object] = {"row": range(len(train))}
    if found.data.files:
        columns["file"] = found.data.files
    columns |= {
        "label": [names[label] for label in train.y.tolist()],
        "probability": diagnosis.probability,
        "flagged": diagnosis.flagged,
        "kind": diagnosis.kind.astype(str),
        "expected_label": [
            None if label == NO_LABEL else names[label]
            for label in diagnosis.expected_label.tolist()
        ],
        "duplicate_of": found.duplicate_of.astype(str),
    }
    columns |= {f"{RANK}{name}": ranks for name, ranks in found.ranks.items()}
    return pd.DataFrame(columns).iloc[found.order].reset_index(drop=True)
