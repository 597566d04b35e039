"""A repair from Python: :func:`repair`."""

from __future__ import annotations

from pathlib import Path

from common.errors import UserError
from experiments.audit.result import AuditResult
from experiments.audit.session import unchanged_session
from experiments.datasets.lookup import canonical_dataset
from experiments.repair.plan import Given, plan_repair
from experiments.repair.result import RepairResult
from experiments.training.context import TrialContext

SEEDS = 5


def repair(  # noqa: PLR0913  # all but the audit have useful defaults
    result: AuditResult,
    decisions: Given | None = None,
    *,
    reference: str | Path | None = None,
    truth: Given | None = None,
    seeds: int = SEEDS,
    context: TrialContext | None = None,
) -> RepairResult:
    """Apply decisions to a copy of the audited data, and measure what that gains.

    Args:
        result: of the audit.
        decisions: a CSV file as the report exports it, a JSON file as Label Studio exports it
            (of tasks that :meth:`AuditResult.export` made), or a frame with the columns ``row``,
            ``action`` (keep, relabel, drop) and ``new_label``; by default what the audit proposes.
        reference: a path to other samples that are known to be right; by default the reference set
            of the audit.
        truth: decisions that make the set clean, if they are known.
        seeds: number of trainings on each set, at least 2.
        context: threads, device, and where weights are looked for.

    Returns:
        The repaired set and the gain. Nothing is written before :meth:`RepairResult.save`.

    Raises:
        UserError: the data have changed since the audit, or a decision is not valid. The session of
            the caller is unchanged in any case.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 2:
        raise UserError(f"seeds must be at least 2, got {seeds}")
    context = context or TrialContext.from_environment()
    with unchanged_session():
        return plan_repair(
            result.request,
            result.table,
            result.data,
            context=context,
            decisions=decisions,
            truth=truth,
            validation=None if reference is None else canonical_dataset(str(reference)),
            other_validation=reference is not None,
        ).run(context, range(seeds))
