"""What ``python -m experiments.grid`` prints before, instead of and after running."""

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
from experiments.grid.summary import Summary
from experiments.tracking.record import repeat_command
from experiments.tracking.session import Session
from experiments.tracking.uri import without_secrets
from experiments.tracking.view import runs_page
from experiments.trial.spec import TrialSpec

SHOWN = 20
LOCAL_SERVER = "http://127.0.0.1:5000"
"""Where ``mlflow ui`` serves by default."""


def print_header(console: Console, grid: Grid, plan: Plan, session: Session) -> None:
    """What is going to run, in a few lines."""
    store = without_secrets(session.tracker.uri)
    console.print(f"{grid.title}: {_counts(plan)}; runs go to {store}", markup=False)
    if session.closed:
        console.print(f"{len(session.closed)} runs of ended processes were closed as KILLED")
    if session.delivered:
        console.print(f"{session.delivered} results of earlier starts were logged")
    _changes(console, plan)


def print_dry_run(  # noqa: PLR0913, PLR0917 - each is a part of what is printed
    console: Console,
    grid: Grid,
    plan: Plan,
    files: Preflight,
    estimates: Estimates,
    slots: int,
) -> None:
    """Every trial: finished, to run with an estimate of its time, or why it cannot run here."""
    console.print(f"{grid.title}\n{grid.description}\n", markup=False)
    table = Table("trial", "state", box=None, pad_edge=False)
    done = set(plan.finished)
    for spec in [*plan.finished, *plan.to_run]:
        table.add_row(escape(spec.name), escape(_state(spec, done, files, estimates)))
    console.print(table)
    runnable = [spec for spec in plan.to_run if spec not in files.lacking]
    guesses = [estimates.seconds(spec) for spec in runnable]
    seconds = sum(guess.value for guess in guesses) / slots
    measured = all(guess.measured for guess in guesses)
    basis = "measured on earlier runs" if measured else "a rough guess: there are no earlier runs"
    console.print(f"\n{_counts(plan)}")
    if runnable:
        console.print(f"about {duration(seconds)} with {slots} trials at a time ({basis})")
    _changes(console, plan)
    if not files.complete:
        console.print(files.message(), markup=False)


def print_summary(
    console: Console, summary: Summary, seconds: float, data_root: Path | None
) -> None:
    """How many trials ended in which way, and commands that repeat those that failed."""
    parts = [f"{summary.count('finished')} finished"]
    skipped = summary.already + summary.count("skipped")
    parts += [f"{skipped} finished before"] if skipped else []
    parts += [f"{summary.count('failed')} failed"] if summary.failed else []
    parts += [f"{summary.count('stopped')} not run"] if summary.count("stopped") else []
    console.print(f"{', '.join(parts)}, in {duration(seconds)}")
    for spec, outcome in summary.failed[:SHOWN]:
        console.print(f"  failed: {spec.name}: {outcome.error}", markup=False)
        console.print(f"    {repeat_command(spec, data_root)}", markup=False)
    if len(summary.failed) > SHOWN:
        console.print(
            f"  and {len(summary.failed) - SHOWN} more; a tag of each run holds its command"
        )


def print_locations(console: Console, summary: Summary, session: Session, experiment: str) -> None:
    """Commands that show the runs, and how many results are not logged yet."""
    if summary.unlogged:
        console.print(
            f"{summary.unlogged} results could not be logged and are kept in "
            f"{session.outbox.folder}; the next start logs them",
            markup=False,
        )
    uri = without_secrets(session.tracker.uri)
    shown = shlex.join(["--tracking-uri", uri, "--experiment", experiment])
    console.print(f"Tables: python -m analysis.tables {shown}", markup=False)
    server = uri if uri.startswith("http") else LOCAL_SERVER
    page = runs_page(server, session.tracker.experiment_id)
    if server != uri:
        start = f"mlflow ui --backend-store-uri {shlex.quote(uri)}"
        console.print(f"Runs:   {start}, then open", markup=False)
        console.print(f"        {page}", markup=False)
    else:
        console.print(f"Runs:   {page}", markup=False)


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
                f"{kept} finished trials were made with other {what} and are kept; "
                f"--{option} repeat runs them again"
            )
        if repeated:
            console.print(f"{repeated} finished trials made with other {what} run again")


def _state(spec: TrialSpec, done: set[TrialSpec], files: Preflight, estimates: Estimates) -> str:
    if spec in done:
        return "finished"
    if spec in files.lacking:
        return f"cannot run here: lacks {'; '.join(files.lacking[spec])}"
    guess = estimates.seconds(spec)
    return f"to run, about {duration(guess.value)}" if guess.measured else "to run"
