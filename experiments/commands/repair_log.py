"""The run of a repair in MLflow."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from common.errors import MachineError
from experiments.audit.request import AuditRequest
from experiments.repair.result import RepairResult
from experiments.tracking.command_run import KIND_REPAIR, CommandRun, command_run
from experiments.tracking.uri import default_uri


def repair_run(
    request: AuditRequest, audit: str, decisions: str, uri: str, experiment: str | None
) -> AbstractContextManager[CommandRun]:
    """The run of a repair that is under way.

    Args:
        request: of the audit.
        audit: id of its run; empty if it was not logged.
        decisions: where they are from.
        uri: of the store.
        experiment: in the store.
    """
    params = {"audit": audit, "decisions": decisions}
    return command_run(uri, experiment, f"repair of {request.subject}", KIND_REPAIR, params)


def log_repair(
    result: RepairResult, tracking_uri: str | None, experiment: str | None, audit: str
) -> str:
    """Log a repair that is over; see :meth:`RepairResult.log`."""
    uri = tracking_uri or default_uri()
    with (
        TemporaryDirectory(prefix="influence-") as folder,
        repair_run(result.request, audit, result.origin, uri, experiment) as run,
    ):
        result.write(Path(folder))
        run.log(result.metrics, Path(folder))
    if run.problem is not None:
        raise MachineError(run.problem)
    return run.run_id
