"""What ``python -m experiments.grid`` says before, instead of and after running."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.grid.definition import Grid
from experiments.grid.estimate import Estimates, duration
from experiments.grid.plan import Plan
from experiments.grid.preflight import Preflight
from experiments.grid.summary import Tally
from experiments.tracking.record import repeat_command
from experiments.tracking.session import Session
from experiments.tracking.uri import without_secrets
from experiments.trial.spec import TrialSpec

SHOWN = 20


def header(console: Console, grid: Grid, plan: Plan, session: Session) -> None:
    """What is going to happen, in a few lines."""
    store = without_secrets(session.tracker.uri)
    console.print(f"{grid.title}: {_counts(plan)}; runs go to {store}", markup=False)
    if session.closed:
        console.print(f"{len(session.closed)} runs of ended processes were closed as KILLED")
    if session.delivered:
        console.print(f"{session.delivered} spooled results of earlier starts were logged")
    _changes(console, plan)


def dry_run(
    console: Console, plan: Plan, preflight: Preflight, estimates: Estimates, slots: int
) -> None:
    """Every trial: finished, to run with an estimate of its time, or why it cannot run here."""
    table = Table("trial", "state", box=None, pad_edge=False)
    done = set(plan.finished)
    for spec in [*plan.finished, *plan.to_run]:
        table.add_row(escape(spec.name), escape(_state(spec, done, preflight, estimates)))
    console.print(table)
    runnable = [spec for spec in plan.to_run if spec not in preflight.lacking]
    guesses = [estimates.seconds(spec) for spec in runnable]
    seconds = sum(guess.value for guess in guesses) / slots
    measured = all(guess.measured for guess in guesses)
    basis = "measured on earlier runs" if measured else "a rough guess, for want of earlier runs"
    console.print(f"\n{_counts(plan)}")
    if runnable:
        console.print(f"about {duration(seconds)} with {slots} trials at once ({basis})")
    _changes(console, plan)
    if preflight.lacking:
        console.print(preflight.message(), markup=False)


def summary(console: Console, tally: Tally, seconds: float, data_root: Path | None) -> None:
    """What came of it, and the commands that repeat what failed."""
    parts = [f"{tally.count('finished')} finished"]
    skipped = tally.already + tally.count("skipped")
    parts += [f"{skipped} finished before"] if skipped else []
    parts += [f"{tally.count('failed')} failed"] if tally.failed else []
    parts += [f"{tally.count('stopped')} not run"] if tally.count("stopped") else []
    console.print(f"{', '.join(parts)}, in {duration(seconds)}")
    for spec, outcome in tally.failed[:SHOWN]:
        console.print(f"  failed: {spec.name}: {outcome.error}", markup=False)
        console.print(f"    {repeat_command(spec, data_root)}", markup=False)
    if len(tally.failed) > SHOWN:
        console.print(
            f"  and {len(tally.failed) - SHOWN} more; each run's tags say how to repeat it"
        )


def where_to_look(console: Console, tally: Tally, session: Session, experiment: str) -> None:
    """The commands that show the runs, and what is not among them yet."""
    if tally.spooled:
        console.print(
            f"{tally.spooled} results wait in {session.outbox.folder} for the tracking store: "
            "the next start logs them",
            markup=False,
        )
    uri = without_secrets(session.tracker.uri)
    shown = shlex.join(["--tracking-uri", uri, "--experiment", experiment])
    console.print(f"Tables: python analysis/tables.py {shown}", markup=False)
    if uri.startswith("http"):
        console.print(f"Runs:   {uri}/#/experiments/{session.tracker.experiment_id}", markup=False)
    else:
        console.print(f"Runs:   mlflow ui --backend-store-uri {shlex.quote(uri)}", markup=False)


def _counts(plan: Plan) -> str:
    total = len(plan.to_run) + len(plan.finished)
    return f"{total} trials, {len(plan.finished)} finished, {len(plan.to_run)} to run"


def _changes(console: Console, plan: Plan) -> None:
    for specs, what, option in (
        (plan.other_code, "code", "changed-code"),
        (plan.other_data, "data", "changed-data"),
    ):
        repeated = len([spec for spec in specs if spec in plan.replaces])
        kept = len(specs) - repeated
        if kept:
            console.print(
                f"{kept} finished trials are of another version of the {what} and are kept; "
                f"--{option} repeat runs them again"
            )
        if repeated:
            console.print(f"{repeated} finished trials of another version of the {what} run again")


def _state(
    spec: TrialSpec, done: set[TrialSpec], preflight: Preflight, estimates: Estimates
) -> str:
    if spec in done:
        return "finished"
    if spec in preflight.lacking:
        return f"cannot run here: lacks {'; '.join(preflight.lacking[spec])}"
    guess = estimates.seconds(spec)
    return f"to run, about {duration(guess.value)}" if guess.measured else "to run"
