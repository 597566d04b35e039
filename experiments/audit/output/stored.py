"""A stored audit: what a table does not hold, as one JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from common.dataset import Modality
from common.errors import UserError
from common.validation import first_problem
from experiments.audit.explain.clusters import Cluster
from experiments.audit.explain.reasons import Reason
from experiments.audit.explain.summary import Summary
from experiments.audit.request import AuditRequest

AUDIT: Final = "audit.json"
VERSION: Final = 1


@dataclass(frozen=True)
class StoredCluster:
    """A cluster, its rows as a list."""

    kind: str
    rows: list[int]
    sentence: str


@dataclass(frozen=True)
class StoredAudit:
    """The content of the file.

    Attributes:
        version: of this form.
        request: what was asked.
        modality: of the data.
        findings, notes, metrics: as in the result.
        shares: rows of the summary's table.
        classes: names, of rows and columns of ``confusion``.
        confusion: of the summary.
        false_positives: of the summary; missing if there is no estimate.
        accuracy: of the summary.
        clusters, reasons: as in the result.
    """

    version: int
    request: AuditRequest
    modality: Modality
    findings: list[str]
    notes: list[str]
    metrics: dict[str, float]
    shares: list[dict[str, Any]]
    classes: list[str]
    confusion: list[list[int]]
    false_positives: float | None
    accuracy: float
    clusters: list[StoredCluster]
    reasons: list[Reason]

    def summary(self) -> Summary:
        """The summary."""
        return Summary(
            shares=pd.DataFrame(self.shares),
            confusion=pd.DataFrame(
                np.array(self.confusion, dtype=np.int64),
                index=pd.Index(self.classes, name="label"),
                columns=pd.Index(self.classes, name="expected_label"),
            ),
            false_positives=float("nan") if self.false_positives is None else self.false_positives,
            accuracy=self.accuracy,
        )


_FORM: Final = TypeAdapter(StoredAudit)


def store_audit(  # noqa: PLR0913, PLR0917  # the parts of a result
    path: Path,
    request: AuditRequest,
    modality: Modality,
    findings: Sequence[str],
    notes: Sequence[str],
    metrics: dict[str, float],
    summary: Summary,
    clusters: Sequence[Cluster],
    reasons: Sequence[Reason],
) -> None:
    """Write the file."""
    positives = summary.false_positives
    stored = StoredAudit(
        version=VERSION,
        request=request,
        modality=modality,
        findings=list(findings),
        notes=list(notes),
        metrics=metrics,
        shares=[{str(k): v for k, v in row.items()} for row in summary.shares.to_dict("records")],
        classes=list(summary.confusion.index),
        confusion=summary.confusion.to_numpy().tolist(),
        false_positives=positives if isfinite(positives) else None,
        accuracy=summary.accuracy,
        clusters=[StoredCluster(c.kind, c.rows.tolist(), c.sentence) for c in clusters],
        reasons=list(reasons),
    )
    path.write_bytes(_FORM.dump_json(stored, indent=1))


def read_audit(path: Path) -> StoredAudit:
    """Read the file.

    Raises:
        UserError: it is not there, or not such a file.
    """
    try:
        stored = _FORM.validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"there is no saved audit at {path}: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{path} is not a saved audit: {first_problem(error)}") from error
    if stored.version != VERSION:
        raise UserError(f"{path} has version {stored.version}, this code reads version {VERSION}")
    return stored
