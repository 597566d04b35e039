"""One attempt at a trial: its result or its error becomes a record and files."""

from __future__ import annotations

import errno
import platform
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from common.errors import UserError
from experiments import schema
from experiments.execution.job import Job
from experiments.execution.log_capture import TrialLog, captured
from experiments.execution.outcome import Outcome
from experiments.execution.time_limit import time_limit
from experiments.machine import reset_peak
from experiments.tracking.provenance import library_versions
from experiments.tracking.record import RunRecord, finished, write_artifacts
from experiments.tracking.retry import one_line
from experiments.tracking.uri import without_secrets
from experiments.trial.spec import TrialSpec

_MACHINE_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


def attempt(
    job: Job,
    spec: TrialSpec,
    record: RunRecord,
    folder: Path,
    overdue: Callable[[str], None],
) -> tuple[RunRecord, Outcome]:
    """Run a trial and write its files into ``folder``.

    Args:
        job: how trials are run.
        spec: the trial.
        record: of its run so far.
        folder: for the artifacts of the run, whether the trial finishes or fails.
        overdue: called with one line of explanation before the process ends because the trial has
            exceeded its time limit.

    Returns:
        The record of the ended run, and the outcome. An exception of the trial is part of both.
    """
    log = TrialLog()
    log.note(f"{record.name} on {platform.node()}, {library_versions()}")
    reset_peak()
    began = time.perf_counter()
    try:
        try:
            job.load()  # before the time limit starts
            with captured(log), time_limit(job.time_limit, overdue):
                result = job.result_of(spec)
            for step, spent in result.seconds.items():
                log.note(f"{step}: {spent:.3f} s")
        finally:
            (folder / schema.LOG_FILE).write_text(log.text())
        write_artifacts(result, folder)
    except Exception as error:  # an exception of a trial must not end its worker
        return _failed(record, error, folder)
    seconds = time.perf_counter() - began
    return finished(record, result, seconds), Outcome(spec.spec_hash, "finished", seconds)


def timed_out(record: RunRecord, reason: str, folder: Path) -> RunRecord:
    """The record of a trial whose process is about to end, with its files in ``folder``."""
    tags = {schema.ERROR: reason, schema.FAULT: schema.FAULT_OWN}
    ended = record.ended("FAILED", tags)
    _write_traceback(folder, f"{reason}\n", ended)
    return ended


def _failed(record: RunRecord, error: Exception, folder: Path) -> tuple[RunRecord, Outcome]:
    own = not _is_machine_fault(error)
    message = one_line(error)
    tags = {schema.ERROR: message, schema.FAULT: schema.FAULT_OWN if own else schema.FAULT_OTHER}
    ended = record.ended("FAILED", tags)
    _write_traceback(folder, without_secrets("".join(traceback.format_exception(error))), ended)
    outcome = Outcome(
        record.spec_hash,
        "failed",
        seconds=((ended.end or record.start) - record.start) / 1000,
        error=message,
        own_fault=own,
        bad_input=isinstance(error, UserError),
    )
    return ended, outcome


def _is_machine_fault(error: Exception) -> bool:
    """Whether the machine or the network failed, so that another attempt may succeed."""
    return isinstance(error, (ConnectionError, TimeoutError)) or (
        getattr(error, "errno", None) in _MACHINE_FAULTS
    )


def _write_traceback(folder: Path, text: str, record: RunRecord) -> None:
    repeat = record.tags[schema.REPEAT]
    (folder / schema.TRACEBACK_FILE).write_text(f"{text}\nTo repeat this trial alone:\n{repeat}\n")
