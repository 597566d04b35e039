"""The result of an audit in sentences, for the terminal and the report."""

from __future__ import annotations

from typing import Final

import numpy as np

from experiments.audit.result import AuditResult
from influence.diagnosis.base import (
    CLEAN,
    CORRUPTED,
    FOREIGN_CLUSTER,
    HARD,
    LABEL_ERROR,
    RARE_CLUSTER,
)

SUSPICIOUSLY_MANY: Final = 1 / 3
"""A larger share of flags points to an unsuitable reference set."""
KIND_NAMES: Final = {
    LABEL_ERROR: "label error",
    FOREIGN_CLUSTER: "foreign cluster",
    RARE_CLUSTER: "rare cluster",
    CORRUPTED: "corrupted",
    HARD: "hard",
    CLEAN: "clean",
}
PLURALS: Final = {
    LABEL_ERROR: "label errors",
    FOREIGN_CLUSTER: "in foreign clusters",
    RARE_CLUSTER: "in rare clusters",
    CORRUPTED: "corrupted",
}


def findings(result: AuditResult) -> list[str]:
    """What was found, one sentence each."""
    flagged, summary = result.diagnosis.flagged, result.summary
    counts = [f"{n} {PLURALS[kind]}" for kind, n in result.flagged_by_kind().items() if n]
    kinds = f" ({', '.join(counts)})" if counts else ""
    found = [f"{int(flagged.sum())} of {len(flagged)} samples are flagged{kinds}."]
    if np.isfinite(summary.false_positives):
        found.append(
            f"Expected false positives: {summary.false_positives:.0f}, the number that the audit "
            "flags in a set of the same size without the flagged samples."
        )
    evaluated_on = "the held-out folds" if result.data.validation is None else "the reference set"
    found.append(f"The model's accuracy on {evaluated_on} is {summary.accuracy:.1%}.")
    if result.data.validation is not None and flagged.mean() > SUSPICIOUSLY_MANY:
        found.append(
            "So many flags suggest that the reference set was drawn from a different distribution: "
            "whatever it lacks counts as a glitch. Use a reference set drawn in the same way as "
            "the training set, or none."
        )
    duplicates = int(result.duplicate_of.astype(bool).sum())
    if duplicates:
        found.append(f"{duplicates} samples are exact or near duplicates of other samples.")
    return found


def subtitle(result: AuditResult) -> str:
    """The audited data and the model, in one line."""
    train, validation = result.data.train, result.data.validation
    reference = (
        "no reference set: only label errors are looked for"
        if validation is None
        else f"reference set of {len(validation)} samples"
    )
    return f"{len(train)} samples, {train.n_classes} classes; {result.choice.model}; {reference}"
