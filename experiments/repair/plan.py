"""What a repair does, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from common.errors import UserError
from experiments.audit.input.data import AuditData, read
from experiments.audit.model_choice import ModelChoice, choose_model
from experiments.audit.request import IN_MEMORY, AuditRequest
from experiments.datasets.base import DatasetSource
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import (
    Decisions,
    check_columns,
    propose,
    read_decisions,
    validated,
)
from experiments.repair.gain import check_measurable, gain
from experiments.repair.result import RepairResult
from experiments.training.context import TrialContext

Given = str | Path | pd.DataFrame
"""Decisions, as a CSV file or a table."""
PROPOSED = "proposed"
IN_A_TABLE = "given in a table"


@dataclass(frozen=True)
class RepairPlan:
    """A repair that is ready to run.

    Attributes:
        request: of the audit.
        source: the training set; ``None`` if it was audited in memory.
        data: the set as it was read, with its reference set.
        table: the decisions as a table.
        decisions: the same, checked.
        truth: the decisions that make the set clean, if they are known.
        choice: the model and settings of the audit.
        origin: where the decisions are from.
    """

    request: AuditRequest
    source: DatasetSource | None
    data: AuditData
    table: pd.DataFrame
    decisions: Decisions
    truth: Decisions | None
    choice: ModelChoice
    origin: str

    def run(self, context: TrialContext, seeds: Sequence[int]) -> RepairResult:
        """Train on the sets that are compared."""
        measured = gain(self.data, self.decisions, self.truth, self.choice, context, seeds)
        return RepairResult(
            self.request,
            self.source,
            self.data.train,
            self.table,
            self.decisions,
            measured,
            self.origin,
        )


def plan_repair(  # noqa: PLR0913  # the audit, what to do after it, and where
    request: AuditRequest,
    suspicions: pd.DataFrame,
    data: AuditData | None,
    *,
    context: TrialContext,
    decisions: Given | None = None,
    truth: Given | None = None,
    validation: str | None = None,
    other_validation: bool = False,
) -> RepairPlan:
    """Read the audited data again, and check the decisions against them.

    Args:
        request: of the audit.
        suspicions: the table of the audit.
        data: what was audited, if it is still in memory.
        context: where to compute.
        decisions: by default the proposal of the audit.
        truth: decisions that make the set clean, if they are known.
        validation: a reference set, a name or a path.
        other_validation: whether ``validation``, which may be ``None``, replaces the reference set
            of the audit.

    Raises:
        UserError: the data are not those that were audited, or a decision is not valid.
    """
    source = None
    if request.data != IN_MEMORY:
        source = source_for(request.data, context.data_root)
        clean = validation if other_validation else request.validation or None
        label, groups = request.label or None, request.groups or None
        data = read(request.data, label, clean, context, groups, source=source)
        if not other_validation and data.train.digest != request.digest:
            raise UserError(f"{request.data} has changed since the audit; audit it again")
    elif other_validation:
        raise UserError(
            "reference must be that of the audit for data in memory; audit them again with the "
            "other one"
        )
    elif data is None:
        raise UserError(
            "the audited data were in memory and are not saved with the audit; audit them again"
        )
    table, what, origin = propose(suspicions), "the proposal of the audit", PROPOSED
    if decisions is not None:
        table, what = _table(decisions, "decisions")
        origin = IN_A_TABLE if isinstance(decisions, pd.DataFrame) else str(decisions)
    checked = validated(table, data.train, what)
    check_measurable(data, checked, what)
    known = None
    if truth is not None:
        known_table, named = _table(truth, "truth")
        known = validated(known_table, data.train, named)
    choice = choose_model(data.train, context, request.model, learning_rate=request.learning_rate)
    return RepairPlan(request, source, data, table, checked, known, choice, origin)


def _table(given: Given, name: str) -> tuple[pd.DataFrame, str]:
    """A table of decisions, and what errors call it."""
    if not isinstance(given, pd.DataFrame):
        return read_decisions(Path(given)), str(given)
    check_columns(given, name)
    return given.reset_index(drop=True), name
