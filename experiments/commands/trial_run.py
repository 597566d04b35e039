"""What ``python -m experiments.trial`` does once its options are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console

from common.errors import UserError
from experiments import schema
from experiments.commands.repeat import repeat
from experiments.commands.trial_options import TrialOptions
from experiments.commands.trial_report import print_scores
from experiments.execution.interrupts import terminable
from experiments.execution.job import Job, Task
from experiments.execution.scratch import own_scratch
from experiments.execution.worker import Worker
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.outbox import record_of
from experiments.tracking.process import Owner
from experiments.tracking.queries import close_runs_of
from experiments.tracking.record import now_ms
from experiments.tracking.session import Session, open_session
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute
from experiments.training.context import TrialContext
from experiments.trial.load import load_dataset
from experiments.trial.requirements import missing_for, rehearse
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec

_DAY_MS = 86_400_000


@terminable()
@own_scratch()
def run_one_trial(options: TrialOptions, request: Mapping[str, Any]) -> int:
    """The exit status of the command, as ``main`` describes it.

    Args:
        options: how the trial is run and logged.
        request: fields of the trial that were given.
    """
    console = Console(highlight=False)
    enclosing = EnclosingRun.from_environment()
    enclosing.check(options.tracking_uri)
    context = options.context()
    if options.from_run is not None:
        if request:
            raise UserError(f"--from-run names the whole trial, got --{min(request)} as well")
        return 0 if repeat(console, options.uri, options.from_run, context) else 1
    spec = resolve(request, context.data_root)
    check_answers(absolute(options.uri))
    _check_files(spec, context, fetch=options.fetch)
    for note in load_dataset(spec, context).notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    return _run(console, options, enclosing, spec, context)


def _check_files(spec: TrialSpec, context: TrialContext, *, fetch: bool) -> None:
    missing = missing_for(spec, context)
    if missing and not fetch:
        raise UserError(f"{spec.name} lacks {'; '.join(missing)}; --fetch downloads it")
    rehearse(spec, context)


def _run(
    console: Console,
    options: TrialOptions,
    enclosing: EnclosingRun,
    spec: TrialSpec,
    context: TrialContext,
) -> int:
    experiment = options.experiment or enclosing.default_experiment()
    session = open_session(options.uri, experiment, _owner_tags())
    finished = tuple(r.run_id for r in session.finished if r.spec_hash == spec.spec_hash)
    task = Task(spec, finished if options.again else ())
    tracker = _below(enclosing.adopted(session.tracker, experiment), session.tracker)
    with _no_run_left_running(session.tracker):
        outcome = Worker(Job(tracker, context)).run(task)
    if outcome.ending == "failed":
        if outcome.bad_input:
            raise UserError(str(outcome.error))
        console.print(f"failed: {outcome.error}; its run: {outcome.run_id}", markup=False)
        return 1
    if outcome.parcel is not None:
        _keep(console, session, spec, outcome.parcel, str(outcome.error))
        return 1
    print_scores(console, spec.name, session.tracker.run(str(outcome.run_id)).data.metrics)
    note = "finished before; --again runs it again; " if outcome.ending == "skipped" else ""
    console.print(f"{note}run {outcome.run_id}", markup=False)
    return 0


def _owner_tags() -> dict[str, str]:
    """Tags of a run without heartbeat: where its process cannot be looked up, it counts as alive
    for a day."""
    return {schema.OWNER: Owner.here().to_json(), schema.HEARTBEAT: str(now_ms() + _DAY_MS)}


def _below(enclosing: str | None, tracker: Tracker) -> Tracker:
    """The tracker of a run below that of ``mlflow run``, which cannot become the trial's own: it
    has the parameters of the entry point, whose names are those of the trial's."""
    if enclosing is None:
        return tracker
    return replace(tracker, tags={**(tracker.tags or {}), schema.PARENT: enclosing})


@contextmanager
def _no_run_left_running(tracker: Tracker) -> Iterator[None]:
    """Close the run if the command is interrupted or terminated."""
    try:
        yield
    except KeyboardInterrupt:
        close_runs_of(tracker, Owner.here())
        raise


def _keep(console: Console, session: Session, spec: TrialSpec, parcel: bytes, error: str) -> None:
    """Show a result that could not be logged, and keep it on disk."""
    session.outbox.add(parcel)
    metrics = {name: value for name, value, _ in record_of(parcel).metrics}
    print_scores(console, spec.name, metrics)
    console.print(
        f"could not be logged ({error}) and is kept in {session.outbox.folder}; the next "
        "start logs it",
        markup=False,
        soft_wrap=True,
    )
