"""An audit as a table with one row for each sample."""

from __future__ import annotations

import pandas as pd

from common.dataset import Dataset
from experiments.audit.record import AuditRecord
from influence.diagnosis.base import NO_LABEL, Diagnosis


def suspicions_table(result: AuditRecord) -> pd.DataFrame:
    """Every sample, the most suspicious first.

    Returns:
        Columns ``row`` (from 0), ``file`` if there are files, ``label``, ``probability`` of being
        a glitch, ``flagged``, ``kind``, ``expected_label`` (missing if no class is expected),
        ``duplicate_of``, and ``rank_<signal>``, the rank by each signal from 1, the most
        suspicious; for images ``is_<check>_issue`` and ``<check>_score`` for each of
        :data:`experiments.audit.explain.image_checks.CHECKS`. The kind of a sample that is clean
        but fails a check is the name of that check.
    """
    table = diagnosis_table(result.data.train, result.diagnosis)
    table["kind"] = result.kinds.astype(str)
    if result.data.files:
        table.insert(1, "file", result.data.files)
    table["duplicate_of"] = result.duplicate_of.astype(str)
    for name, ranks in result.ranks.items():
        table[f"rank_{name}"] = ranks
    return table.join(result.checks).iloc[result.order].reset_index(drop=True)


def diagnosis_table(train: Dataset, diagnosis: Diagnosis) -> pd.DataFrame:
    """The diagnosis of each sample, in the order of the set.

    Returns:
        Columns ``row``, ``label``, ``probability``, ``flagged``, ``kind`` and ``expected_label``,
        as in :func:`suspicions_table`.
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
