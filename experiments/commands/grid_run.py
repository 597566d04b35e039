"""What ``python -m experiments.grid`` does once its options are known."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from rich.console import Console

from common.errors import UserError
from common.filters import parse_conditions
from experiments import schema
from experiments.commands import grid_report as report
from experiments.commands.grid_options import GridOptions
from experiments.commands.publication import publish
from experiments.datasets import DATASETS
from experiments.execution.job import Job
from experiments.execution.pool import Pool, check_pool
from experiments.execution.scratch import own_scratch
from experiments.grid.definition import Grid, load_grid, only
from experiments.grid.estimate import Estimates
from experiments.grid.plan import Current, make_plan
from experiments.grid.preflight import Preflight, preflight
from experiments.grid.runner import GridRunner
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.provenance import code_version
from experiments.tracking.queries import FinishedRun
from experiments.tracking.session import open_session, read_finished
from experiments.tracking.store import check_answers
from experiments.tracking.uri import absolute
from experiments.training.context import TrialContext
from experiments.trial.requirements import (
    DataKey,
    DatasetFacts,
    data_key,
    fetch,
    load_all,
    rehearse,
)


@own_scratch()
def run_grid(options: GridOptions, console: Console) -> int:
    """The exit status of the command, as ``main`` describes it."""
    enclosing = EnclosingRun.from_environment()
    enclosing.check(options.tracking_uri)
    context = replace(options.context(), trials_per_gpu=options.trials_per_gpu)
    pool = Pool(options.cpus, options.ray_address, options.attempts)
    grid = only(load_grid(str(options.grid), context.data_root), parse_conditions(options.only))
    check_answers(absolute(options.uri))
    check_pool(pool)
    files = preflight(grid, context)
    experiment = options.experiment or enclosing.default_experiment()
    finished = read_finished(options.uri, experiment)
    if options.dry_run:
        plan = make_plan(grid.specs, finished, _current(options, {}))
        slots = pool.slots(context.threads)
        report.print_dry_run(console, grid, plan, files, Estimates(finished), slots)
        return 0

    grid = _runnable(grid, files, options.missing, context, console)
    data = _checked_data(grid, finished, context)
    for (name, *_), facts in data.items():
        for note in facts.notes:
            console.print(f"note: {name}: {note}", markup=False)
    session = open_session(options.uri, experiment, {schema.GRID: grid.name})
    plan = make_plan(grid.specs, session.finished, _current(options, data))
    report.print_header(console, grid, plan, session)
    runner = GridRunner(
        grid,
        plan,
        Job(session.tracker, context, options.time_limit),
        pool,
        session,
        Estimates(session.finished, data),
        publish,
    )
    began = time.monotonic()
    summary = runner.run(console, enclosing.adopted(session.tracker, experiment))
    report.print_summary(console, summary, time.monotonic() - began, context.data_root)
    report.print_locations(console, summary, session, experiment)
    return 0 if summary.complete else 1


def _current(options: GridOptions, data: Mapping[DataKey, DatasetFacts]) -> Current:
    digests = {key: facts.digest for key, facts in data.items()}
    return Current(code_version(), digests, options.changed_code, options.changed_data)


def _runnable(
    grid: Grid, files: Preflight, missing: str | None, context: TrialContext, console: Console
) -> Grid:
    """The trials that run: all of them, or those whose files are there."""
    if files.complete:
        return grid
    if missing == "fetch" and not files.unavailable:
        fetch(files.lacking, context, console.print)
        return replace(grid, specs=(*files.ready, *files.lacking))
    if missing == "skip" and files.ready:
        console.print(files.message(), markup=False)
        return replace(grid, specs=tuple(files.ready))
    skip = "; --missing skip runs the others" if files.ready else ""
    raise UserError(
        f"{files.message()}\nput the files there, or download what is public with "
        f"--missing fetch{skip}"
    )


def _checked_data(
    grid: Grid, finished: list[FinishedRun], context: TrialContext
) -> dict[DataKey, DatasetFacts]:
    """The datasets of trials that are not finished, and those of the user, whose files may have
    changed. For the user's data it is also checked that each glitch can be injected."""
    done = {run.spec_hash for run in finished}
    user = [spec for spec in grid.specs if spec.dataset not in DATASETS]
    data = load_all([*user, *(s for s in grid.specs if s.spec_hash not in done)], context)
    cells = {(data_key(spec), spec.glitch, spec.ratio, spec.subset): spec for spec in user}
    for spec in cells.values():
        rehearse(spec, context)
    return data
