"""A grid from its plan to its last outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from rich.console import Console

from experiments.execution.cluster import cluster
from experiments.execution.job import Job, Task
from experiments.execution.outcome import Outcome
from experiments.execution.pool import Pool
from experiments.execution.ray_executor import Observer, execute
from experiments.grid.definition import Grid
from experiments.grid.estimate import Estimates
from experiments.grid.plan import Plan
from experiments.grid.progress import Watch
from experiments.grid.run_record import close_grid_run, open_grid_run
from experiments.grid.summary import Tally
from experiments.tracking.heartbeat import kept_alive
from experiments.tracking.retry import TrackingError, one_line
from experiments.tracking.session import Session
from experiments.trial.spec import TrialSpec

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Campaign:
    """What is run, and where.

    Attributes:
        grid: its name and words.
        specs: its trials, those finished before included.
        plan: what is to be done of them.
        job: common to all trials; its tracker writes to the session's experiment.
        pool: where trials run.
        session: the experiment.
        estimates: of time and memory of trials.
        publish: called with tracking URI and id of the grid's run where trials were finished,
            before that run ends; stores what people look at.
    """

    grid: Grid
    specs: Sequence[TrialSpec]
    plan: Plan
    job: Job
    pool: Pool
    session: Session
    estimates: Estimates
    publish: Callable[[str, str], object] | None = None

    def run(self, console: Console, adopted: str | None = None) -> Tally:
        """Run what is to be run, and log the grid's own run around it.

        Args:
            console: where progress is shown.
            adopted: id of an open run to take as the grid's own.
        """
        tracker = self.session.tracker
        for duplicate in self.plan.duplicates:
            tracker.delete(duplicate)
        tasks = [
            Task(spec, self.plan.replaces.get(spec, ()), self.estimates.memory_mib(spec))
            for spec in self.plan.to_run
        ]
        tally = Tally({t.spec.spec_hash: t.spec for t in tasks}, already=len(self.plan.finished))
        with ExitStack() as stack:
            if tasks:
                stack.enter_context(cluster(self.pool, self.job.context.threads, tracker.uri))
            run_id = open_grid_run(tracker, self.grid, self.specs, adopted)
            try:
                with kept_alive(tracker, run_id):
                    if tasks:
                        job = replace(self.job, tracker=self.job.tracker.under(run_id))
                        self._execute(tasks, job, tally, console)
            except BaseException:
                tally.broken = True
                raise
            finally:
                self._close(run_id, tally)
        return tally

    def _execute(self, tasks: list[Task], job: Job, tally: Tally, console: Console) -> None:
        guesses = [self.estimates.seconds(task.spec) for task in tasks]
        seconds = [guess.value for guess in guesses]
        measured = all(guess.measured for guess in guesses)
        with Watch(console, tasks, seconds, measured) as watch:

            def ended(outcome: Outcome) -> None:
                outcome = self._spooled(outcome)
                tally.outcomes.append(outcome)
                watch.ended(outcome)

            execute(tasks, job, self.pool, Observer(watch.started, ended, watch.note))

    def _spooled(self, outcome: Outcome) -> Outcome:
        """The outcome, its parcel kept on disk."""
        if outcome.parcel is None:
            return outcome
        kept = replace(outcome, parcel=None)
        try:
            self.session.outbox.add(outcome.parcel)
        except OSError as error:
            why = f"neither logged nor spooled: {one_line(error)}"
            return replace(kept, ending="failed", error=why, own_fault=False)
        return kept

    def _close(self, run_id: str, tally: Tally) -> None:
        tracker = self.session.tracker
        self.session.outbox.deliver(tracker)
        tally.spooled = len(self.session.outbox.parcels())
        if self.publish is not None and tally.count("finished") and not tally.broken:
            self.publish(tracker.uri, run_id)
        try:
            close_grid_run(tracker, run_id, tally)
        except TrackingError as error:
            _log.warning("the run of the grid stays open until the next start: %s", error)
