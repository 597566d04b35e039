"""Runs one trial after another in a worker process and logs each as a run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from experiments import schema
from experiments.execution.attempt import attempt, timed_out
from experiments.execution.job import Job, Task
from experiments.execution.outcome import Outcome
from experiments.tracking.outbox import pack
from experiments.tracking.provenance import library_versions
from experiments.tracking.record import RunRecord, started
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker

IMPATIENT: Final = 5.0
"""Seconds of retries while the tracking store is known to be out of reach."""

T = TypeVar("T")


@dataclass
class Worker:
    """Runs the trials that one process is given.

    Attributes:
        job: what the trials have in common.
        store_error: why the last request to the tracking store failed, ``None`` if it did not.
            Only the first request that fails waits for the full patience of the tracker.
    """

    job: Job
    store_error: str | None = None

    def run(self, task: Task) -> Outcome:
        """Run one trial and log it. Errors of the trial and of the store end in the outcome."""
        settled = self._ask(partial(_settled, task=task))
        if settled is not None:
            return settled
        record = started(task.spec, self.job.context, self._tags())
        run_id = self._ask(lambda tracker: tracker.start(record))
        with TemporaryDirectory(prefix="influence-trial-") as scratch:
            folder = Path(scratch)
            overdue = partial(self._give_up, run_id, record)
            record, outcome = attempt(self.job, task.spec, record, folder, overdue)
            return self._log(run_id, record, outcome, folder, task.replaces)

    def _log(
        self,
        run_id: str | None,
        record: RunRecord,
        outcome: Outcome,
        folder: Path,
        replaces: tuple[str, ...],
    ) -> Outcome:
        def write(tracker: Tracker) -> tuple[str, str]:
            written = run_id or tracker.start(record)
            return written, tracker.finish(written, record, folder, replaces)

        logged = self._ask(write)
        if logged is None:
            parcel = pack(record, folder) if outcome.ending == "finished" else None
            error = outcome.error or self.store_error
            return replace(outcome, run_id=run_id, parcel=parcel, error=error)
        run_id, status = logged
        if outcome.ending == "finished" and status != "FINISHED":
            return Outcome(outcome.spec_hash, "skipped", run_id=run_id)
        return replace(outcome, run_id=run_id)

    def _give_up(self, run_id: str | None, record: RunRecord, reason: str) -> None:
        """Log a trial whose process is about to end."""
        if run_id is None:
            return
        with TemporaryDirectory(prefix="influence-trial-") as scratch:
            folder = Path(scratch)
            ended = timed_out(record, reason, folder)
            self.job.tracker.hasty(IMPATIENT).finish(run_id, ended, folder)

    def _ask(self, request: Callable[[Tracker], T]) -> T | None:
        """What the request returns, or ``None`` if the tracking store is out of reach."""
        tracker = self.job.tracker
        if self.store_error is not None:
            tracker = tracker.hasty(IMPATIENT)
        try:
            answer = request(tracker)
        except TrackingError as error:
            self.store_error = str(error)
            return None
        self.store_error = None
        return answer

    def _tags(self) -> dict[str, str]:
        tracker = self.job.tracker
        tags = {schema.HOST: platform.node(), schema.VERSIONS: library_versions()}
        if tracker.parent is not None:
            tags[schema.PARENT] = tracker.parent
        return {**tags, **(tracker.tags or {})}


def _settled(tracker: Tracker, task: Task) -> Outcome | None:
    """The outcome of a trial that another run has settled; ``None`` if it has to run.

    Runs that a worker of the same grid left RUNNING when it died are ended on the way.
    """
    spec_hash = task.spec.spec_hash
    for run in tracker.runs_of(spec_hash):
        run_id, tags = run.info.run_id, run.data.tags
        found = Outcome(spec_hash, "skipped", run_id=run_id, error=tags.get(schema.ERROR))
        if run.info.status == "FINISHED" and run_id not in task.replaces:
            return found
        if tracker.parent is None or tags.get(schema.PARENT) != tracker.parent:
            continue
        if run.info.status == "RUNNING":
            tracker.end(run_id, "KILLED", tags={schema.ERROR: "its worker ended"})
        elif tags.get(schema.FAULT) == schema.FAULT_OWN:
            # the trial exceeded its limit and its process was ended: it would happen again
            return replace(found, ending="failed")
    return None
