"""The run of an audit in MLflow."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from common.errors import MachineError
from experiments.audit.request import AuditRequest
from experiments.audit.result import AuditResult
from experiments.tracking.command_run import KIND_AUDIT, CommandRun, command_run
from experiments.tracking.uri import default_uri
from experiments.trial.result import DatasetIdentity


def audit_run(
    request: AuditRequest, uri: str, experiment: str | None
) -> AbstractContextManager[CommandRun]:
    """The run of an audit that is under way."""
    return command_run(uri, experiment, f"audit of {request.subject}", KIND_AUDIT, request.params())


def log_results(run: CommandRun, result: AuditResult, folder: Path) -> None:
    """Log the metrics, the data and the files of a folder, and end the run."""
    request = result.request
    data = DatasetIdentity(
        name=request.subject,
        digest=request.digest,
        modality=result.modality,
        rows=len(result.table),
        n_classes=len(result.summary.confusion),
    )
    run.log(result.metrics, folder, data)


def log_audit(
    result: AuditResult, tracking_uri: str | None = None, experiment: str | None = None
) -> str:
    """Log an audit that is over; see :meth:`AuditResult.log`."""
    with (
        TemporaryDirectory(prefix="influence-") as folder,
        audit_run(result.request, tracking_uri or default_uri(), experiment) as run,
    ):
        result.write(Path(folder))
        log_results(run, result, Path(folder))
    if run.problem is not None:
        raise MachineError(run.problem)
    return run.run_id
