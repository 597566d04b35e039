"""Runs the planned trials of a grid and logs the grid's own run around them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from rich.console import Console

from experiments.execution.job import Job, Task
from experiments.execution.outcome import Observer, Outcome
from experiments.execution.pool import Pool
from experiments.grid.definition import Grid
from experiments.grid.estimate import Estimates
from experiments.grid.plan import Plan
from experiments.grid.progress import GridProgress
from experiments.grid.run_record import close_grid_run, open_grid_run
from experiments.grid.summary import Summary
from experiments.tracking.heartbeat import kept_alive
from experiments.tracking.retry import TrackingError, one_line
from experiments.tracking.session import Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GridRunner:
    """What is run, and where.

    Attributes:
        grid: name, description and all trials, including those finished before.
        plan: which of its trials run.
        job: common to all trials; its tracker writes to the session's experiment.
        pool: where trials run.
        session: the experiment.
        estimates: time and memory that trials need.
        publish: stores tables and figures with the grid's run; called with the tracking URI and
            the id of that run before it ends, if any trial was finished.
    """

    grid: Grid
    plan: Plan
    job: Job
    pool: Pool
    session: Session
    estimates: Estimates
    publish: Callable[[str, str], object]

    def run(self, console: Console, enclosing: str | None = None) -> Summary:
        """Run the planned trials.

        Args:
            console: where progress is shown.
            enclosing: id of an open run that becomes the grid's own.
        """
        tracker = self.session.tracker
        for duplicate in self.plan.duplicates:
            tracker.delete(duplicate)
        tasks = [
            Task(spec, self.plan.replaces.get(spec, ()), self.estimates.memory_mib(spec))
            for spec in self.plan.to_run
        ]
        summary = Summary(
            {task.spec.spec_hash: task.spec for task in tasks}, already=len(self.plan.finished)
        )
        with self._cluster() if tasks else nullcontext():
            run_id = open_grid_run(tracker, self.grid, enclosing)
            try:
                with kept_alive(tracker, run_id):
                    self._execute(tasks, run_id, summary, console)
            except BaseException:
                summary.broken = True
                raise
            finally:
                self._close(run_id, summary)
        return summary

    def _cluster(self) -> AbstractContextManager[None]:
        # Ray takes seconds to import, and a finished grid has no use for it
        from experiments.execution.cluster import cluster  # noqa: PLC0415

        return cluster(self.pool, self.job.context.threads, self.session.tracker.uri)

    def _execute(self, tasks: list[Task], run_id: str, summary: Summary, console: Console) -> None:
        if not tasks:
            return
        job = replace(self.job, tracker=self.job.tracker.under(run_id))
        specs = [task.spec for task in tasks]
        seconds = [self.estimates.seconds(spec).value for spec in specs]
        progress = GridProgress(console, specs, seconds)
        with progress.bar:

            def ended(outcome: Outcome) -> None:
                outcome = self._kept(outcome)
                summary.outcomes.append(outcome)
                progress.ended(outcome)

            from experiments.execution.ray_executor import execute  # noqa: PLC0415  # as above

            execute(tasks, job, self.pool, Observer(progress.started, ended, progress.note))

    def _kept(self, outcome: Outcome) -> Outcome:
        """The outcome; a result that could not be logged is kept on disk."""
        if outcome.parcel is None:
            return outcome
        kept = replace(outcome, parcel=None)
        try:
            self.session.outbox.add(outcome.parcel)
        except OSError as error:
            message = f"neither logged nor kept on disk: {one_line(error)}"
            return replace(kept, ending="failed", error=message, own_fault=False)
        return kept

    def _close(self, run_id: str, summary: Summary) -> None:
        tracker = self.session.tracker
        self.session.outbox.deliver(tracker)
        summary.unlogged = len(self.session.outbox.parcels())
        if summary.count("finished") and not summary.broken:
            self.publish(tracker.uri, run_id)
        try:
            close_grid_run(tracker, run_id, summary)
        except TrackingError as error:
            _log.warning("the run of the grid stays open until the next start: %s", error)
