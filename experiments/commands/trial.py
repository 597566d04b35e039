"""``python -m experiments.trial``: one trial, logged as one run, its scores as a table."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from types import FrameType

from rich.console import Console

from common.cli import build, given, run
from common.errors import UserError
from experiments import schema
from experiments.commands.repeat import repeat
from experiments.commands.trial_options import TrialOptions
from experiments.commands.trial_report import print_scores
from experiments.execution.job import Job, Task
from experiments.execution.outcome import Outcome
from experiments.execution.scratch import own_scratch
from experiments.execution.worker import Worker
from experiments.grid.inventory import rehearse
from experiments.grid.preflight import look
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.outbox import record_of
from experiments.tracking.process import Owner
from experiments.tracking.queries import close_runs_of
from experiments.tracking.record import now_ms
from experiments.tracking.session import Session, open_session
from experiments.tracking.store import check_answers
from experiments.tracking.uri import absolute
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec

PROGRAM = "python -m experiments.trial"
DESCRIPTION = "Run one trial and log it as one run."
_DAY_MS = 86_400_000


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if the trial is finished, 1 if it failed, 2 for bad input."""
    with own_scratch():
        return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    around = EnclosingRun.from_environment()
    words = given(PROGRAM, DESCRIPTION, argv, TrialOptions, TrialSpec)
    request = {f.name: words.pop(f.name) for f in fields(TrialSpec) if f.name in words}
    options = build(TrialOptions, words)
    around.check(options.tracking_uri)
    console = Console(highlight=False)
    context = options.context()
    if options.from_run is not None:
        if request:
            raise UserError(f"--from-run names the whole trial, got --{min(request)} as well")
        return 0 if repeat(console, options.uri, options.from_run, context) else 1
    spec = resolve(request, context.data_root)
    check_answers(absolute(options.uri))
    lacking = look([spec], context).lacking.get(spec)
    if lacking and not options.fetch:
        raise UserError(f"{spec.name} lacks {'; '.join(lacking)}; --fetch downloads it")
    rehearse(spec, context)
    experiment = options.experiment or around.default_experiment()
    owner = Owner.here()
    session = open_session(options.uri, experiment, _own(owner))
    before = tuple(r.run_id for r in session.finished if r.spec_hash == spec.spec_hash)
    task = Task(spec, before if options.again else ())
    tracker = session.tracker
    launch = around.adopted(tracker, experiment)
    if launch is not None:
        # not made the trial's own: it has the entry point's parameters, which go by the same names
        tracker = replace(tracker, tags={**(tracker.tags or {}), schema.PARENT: launch})
    with _interruptible(session, owner):
        outcome = Worker(Job(tracker, context)).run(task)
    return _report(console, session, spec, outcome)


def _own(owner: Owner) -> dict[str, str]:
    """Tags of a run that no grid keeps alive: for a day its process is believed to live, where
    it cannot be looked up."""
    return {schema.OWNER: owner.to_json(), schema.HEARTBEAT: str(now_ms() + _DAY_MS)}


@contextmanager
def _interruptible(session: Session, owner: Owner) -> Iterator[None]:
    """Let no run stay RUNNING when the command is interrupted or terminated."""

    def on_terminate(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, on_terminate)
    try:
        yield
    except KeyboardInterrupt:
        close_runs_of(session.tracker, owner)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(console: Console, session: Session, spec: TrialSpec, outcome: Outcome) -> int:
    if outcome.ending == "failed":
        if outcome.bad_input:
            raise UserError(str(outcome.error))
        console.print(f"failed: {outcome.error}; its run: {outcome.run_id}", markup=False)
        return 1
    if outcome.parcel is not None:
        session.outbox.add(outcome.parcel)
        record = record_of(outcome.parcel)
        print_scores(console, spec.name, {name: value for name, value, _ in record.metrics})
        console.print(
            f"not logged yet ({outcome.error}): waits in {session.outbox.folder}", markup=False
        )
        return 1
    metrics: Mapping[str, float] = session.tracker.run(str(outcome.run_id)).data.metrics
    print_scores(console, spec.name, metrics)
    before = "finished before; --again runs it again; " if outcome.ending == "skipped" else ""
    console.print(f"{before}run {outcome.run_id}", markup=False)
    return 0
