"""Everything that an audit finds, by row. Users get it as an ``AuditResult``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.audit.explain.clusters import Cluster
from experiments.audit.explain.image_checks import CHECKS, failing
from experiments.audit.explain.reasons import Reason
from experiments.audit.explain.summary import Summary
from experiments.audit.fold import Rows
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import ModelChoice
from influence.diagnosis.base import CLEAN, GLITCH_KINDS, NO_LABEL, Diagnosis


@dataclass(frozen=True)
class AuditRecord:
    """What an audit of n training samples finds, row by row.

    Attributes:
        data: what was audited.
        choice: the model and how it was trained.
        diagnosis: of each sample.
        order: rows from the most to the least suspicious, (n,).
        ranks: by signal, the rank of each sample from 1, the most suspicious, (n,).
        duplicate_of: as :func:`experiments.audit.explain.duplicates.duplicates` writes it, (n,).
        reasons: of the most suspicious samples, in ``order``.
        clusters: of flagged samples.
        summary: of the set.
        checks: as :func:`experiments.audit.explain.image_checks.image_checks` makes them, by row.
        seconds: wall time by step.
    """

    data: AuditData
    choice: ModelChoice
    diagnosis: Diagnosis
    order: Rows
    ranks: Mapping[str, Rows]
    duplicate_of: NDArray[np.object_]
    reasons: Sequence[Reason]
    clusters: Sequence[Cluster]
    summary: Summary
    checks: pd.DataFrame
    seconds: Mapping[str, float]

    def flagged_by_kind(self) -> dict[str, int]:
        """The number of flagged samples of each of ``GLITCH_KINDS``."""
        flagged = self.diagnosis.kind[self.diagnosis.flagged]
        return {kind: int((flagged == kind).sum()) for kind in GLITCH_KINDS}

    @cached_property
    def kinds(self) -> NDArray[np.object_]:
        """The kinds of the diagnosis; of a clean sample that fails image checks, the first of
        those, (n,)."""
        kinds = self.diagnosis.kind.copy()
        for check in CHECKS:
            rows = failing(self.checks, check)
            kinds[rows[kinds[rows] == CLEAN]] = check
        return kinds

    def expected_label(self, row: int) -> str:
        """The name of the class that a sample is expected to have; empty if there is none."""
        label = int(self.diagnosis.expected_label[row])
        return "" if label == NO_LABEL else self.data.train.class_names[label]
