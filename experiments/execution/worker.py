"""One trial after another in a worker process: run it, log it, report how it ended."""

from __future__ import annotations

import errno
import importlib
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from threadpoolctl import threadpool_limits

from common.errors import UserError
from experiments import schema
from experiments.execution.log_capture import TrialLog, captured
from experiments.execution.outcome import Outcome
from experiments.execution.watchdog import Limits, Watchdog
from experiments.machine import reset_peak
from experiments.tracking.outbox import pack
from experiments.tracking.provenance import library_versions
from experiments.tracking.record import RunRecord, finished, started, write_artifacts
from experiments.tracking.retry import TrackingError, one_line
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import without_secrets
from experiments.training.context import TrialContext
from experiments.trial.result import TrialResult
from experiments.trial.spec import TrialSpec

RUN_TRIAL = "experiments.trial.run:run_trial"
HASTE = 5.0
RunTrial = Callable[[TrialSpec, TrialContext], TrialResult]
_SURROUNDINGS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True)
class Job:
    """What is the same for every trial of a grid.

    Attributes:
        tracker: where runs go.
        context: surroundings of the trials.
        limits: of one trial.
        target: the function that runs a trial, as ``module:name``.
    """

    tracker: Tracker
    context: TrialContext
    limits: Limits = field(default_factory=Limits)
    target: str = RUN_TRIAL

    def result_of(self, spec: TrialSpec) -> TrialResult:
        """Run a trial, with its number of threads in every library."""
        module, _, name = self.target.partition(":")
        run_trial = cast(RunTrial, getattr(importlib.import_module(module), name))
        with threadpool_limits(limits=self.context.threads):
            return run_trial(spec, self.context)


@dataclass(frozen=True)
class Task:
    """One trial to run.

    Attributes:
        spec: what to run.
        replaces: finished runs of the same spec, of another version, that the new one succeeds.
        memory_mib: memory to set aside for it, if that is known.
    """

    spec: TrialSpec
    replaces: tuple[str, ...] = ()
    memory_mib: float | None = None


@dataclass
class Worker:
    """Runs the trials that come to one process.

    Attributes:
        job: common to them.
        away: whether the tracking store was out of reach when it was last needed. The full
            patience is paid once: while the store stays away, results are handed over sooner.
    """

    job: Job
    away: bool = False

    def run(self, task: Task) -> Outcome:
        """Run one trial and log it. Raises nothing that the trial or the store can cause."""
        earlier = self._earlier(task)
        if earlier is not None:
            return earlier
        record = started(task.spec, self.job.context, self._place())
        run_id = self._start(record)
        log = TrialLog()
        log.note(f"{record.name} on {platform.node()}, {library_versions()}")
        with TemporaryDirectory(prefix="influence-trial-") as scratch:
            folder = Path(scratch)
            try:
                record, outcome = self._tried(task, run_id, record, folder, log)
            except Exception as error:  # whatever a trial raises ends that trial alone
                record, outcome = _failed(record, error, folder)
            return self._log(run_id, record, outcome, folder, task.replaces)

    def _tried(
        self, task: Task, run_id: str | None, record: RunRecord, folder: Path, log: TrialLog
    ) -> tuple[RunRecord, Outcome]:
        limits = replace(self.job.limits, memory_mib=task.memory_mib)
        watchdog = Watchdog(limits, lambda why, peak: self._give_up(run_id, record, why, peak))
        reset_peak()
        began = time.perf_counter()
        try:
            with captured(log), watchdog:
                result = self.job.result_of(task.spec)
            for step, spent in result.seconds.items():
                log.note(f"{step}: {spent:.3f} s")
        finally:
            (folder / schema.LOG_FILE).write_text(log.text())
        write_artifacts(result, folder)
        seconds = time.perf_counter() - began
        outcome = Outcome(
            record.spec_hash, "finished", seconds=seconds, digest=result.dataset.digest
        )
        return finished(record, result, seconds), outcome

    def _log(
        self,
        run_id: str | None,
        record: RunRecord,
        outcome: Outcome,
        folder: Path,
        replaces: tuple[str, ...],
    ) -> Outcome:
        try:
            tracker = self._tracker
            run_id = tracker.start(record) if run_id is None else run_id
            status = tracker.finish(run_id, record, folder, replaces)
        except TrackingError as error:
            self.away = True
            parcel = pack(record, folder) if outcome.ending == "finished" else None
            return replace(outcome, run_id=run_id, parcel=parcel, error=outcome.error or str(error))
        self.away = False
        if outcome.ending == "finished" and status != "FINISHED":
            return Outcome(outcome.spec_hash, "skipped", run_id=run_id)
        return replace(outcome, run_id=run_id)

    def _give_up(self, run_id: str | None, record: RunRecord, why: str, peak_mib: float) -> None:
        """Log what is known of a trial whose process is about to end."""
        if run_id is None:
            return
        tags = {schema.ERROR: why, schema.FAULT: schema.FAULT_OWN}
        ended = replace(record.ended("FAILED", tags), metrics=((schema.PEAK_RSS, peak_mib, 0),))
        with TemporaryDirectory(prefix="influence-trial-") as scratch:
            _write_traceback(Path(scratch), f"{why}\n", ended)
            self.job.tracker.hasty(HASTE).finish(run_id, ended, Path(scratch))

    def _earlier(self, task: Task) -> Outcome | None:
        """The outcome of a trial that need not, or must not, run again."""
        if self.away:
            return None
        tracker = self.job.tracker
        spec_hash = task.spec.spec_hash
        try:
            for run in tracker.runs_of(spec_hash):
                tags = run.data.tags
                found = Outcome(
                    spec_hash, "skipped", run_id=run.info.run_id, error=tags.get(schema.ERROR)
                )
                if run.info.status == "FINISHED" and run.info.run_id not in task.replaces:
                    return found
                if tracker.parent is None or tags.get(schema.PARENT) != tracker.parent:
                    continue
                if run.info.status == "RUNNING":
                    tracker.end(run.info.run_id, "KILLED", tags={schema.ERROR: "its worker ended"})
                elif tags.get(schema.FAULT) == schema.FAULT_OWN:
                    # its process was ended for its own fault: in a new one it would fare the same
                    return replace(found, ending="failed")
        except TrackingError:
            self.away = True
        return None

    def _start(self, record: RunRecord) -> str | None:
        try:
            run_id = self._tracker.start(record)
        except TrackingError:
            self.away = True
            return None
        self.away = False
        return run_id

    @property
    def _tracker(self) -> Tracker:
        return self.job.tracker.hasty(HASTE) if self.away else self.job.tracker

    def _place(self) -> dict[str, str]:
        parent = self.job.tracker.parent
        return {
            schema.HOST: platform.node(),
            schema.VERSIONS: library_versions(),
            **({} if parent is None else {schema.PARENT: parent}),
            **(self.job.tracker.tags or {}),
        }


def _failed(record: RunRecord, error: Exception, folder: Path) -> tuple[RunRecord, Outcome]:
    own = not isinstance(error, (ConnectionError, TimeoutError)) and (
        getattr(error, "errno", None) not in _SURROUNDINGS
    )
    message = one_line(error)
    tags = {schema.ERROR: message, schema.FAULT: schema.FAULT_OWN if own else schema.FAULT_OTHER}
    ended = record.ended("FAILED", tags)
    text = without_secrets("".join(traceback.format_exception(error)))
    _write_traceback(folder, text, ended)
    outcome = Outcome(
        record.spec_hash,
        "failed",
        seconds=((ended.end or record.start) - record.start) / 1000,
        error=message,
        own_fault=own,
        bad_input=isinstance(error, UserError),
    )
    return ended, outcome


def _write_traceback(folder: Path, text: str, record: RunRecord) -> None:
    repeat = record.tags[schema.REPEAT]
    (folder / schema.TRACEBACK_FILE).write_text(f"{text}\nTo repeat this trial alone:\n{repeat}\n")
