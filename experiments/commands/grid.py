"""``python -m experiments.grid``: run the trials of a grid that are not finished yet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich.console import Console

from common.conditions import parse_conditions
from common.errors import UserError
from common.options import parse, run
from experiments import names
from experiments.campaign import Campaign
from experiments.code_version import code_version
from experiments.commands import grid_report as report
from experiments.commands.grid_options import GridOptions
from experiments.context import TrialContext
from experiments.datasets import DATASETS
from experiments.estimate import Estimates
from experiments.fetch import fetch
from experiments.grid import load_grid, only
from experiments.load import load_dataset
from experiments.plan import Current, Plan, make_plan
from experiments.preflight import Preflight, look
from experiments.publication import publish
from experiments.session import open_session, read_finished
from experiments.spec import TrialSpec
from experiments.surrounding import Surrounding
from experiments.tracking_queries import FinishedRun
from experiments.worker import Job

PROGRAM = "python -m experiments.grid"
DESCRIPTION = "Run the trials of a grid; those that are finished are not run again."


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if every trial is finished, 1 if not, 2 for bad input."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    around = Surrounding.taken()
    options = parse(GridOptions, PROGRAM, DESCRIPTION, argv)
    console = Console(highlight=False, soft_wrap=True)
    context = options.context()
    grid = load_grid(options.grid)
    specs = only(grid.specs, parse_conditions(options.only))
    preflight = look(specs, context)
    experiment = options.experiment or around.default_experiment()
    if options.dry_run:
        finished = read_finished(options.uri, experiment)
        plan = _plan(specs, finished, options, context)
        slots = options.pool.slots(context.threads)
        console.print(f"{grid.title}\n{grid.description}\n", markup=False)
        report.dry_run(console, plan, preflight, Estimates(finished), slots)
        return 0
    specs = _runnable(preflight, options, context, console)
    session = open_session(options.uri, experiment, {names.GRID: grid.name})
    plan = _plan(specs, session.finished, options, context)
    report.header(console, grid, plan, session)
    campaign = Campaign(
        grid,
        specs,
        plan,
        Job(session.tracker, context, options.limits),
        options.pool,
        session,
        publish,
    )
    began = time.monotonic()
    tally = campaign.run(console, around.adopted(session.tracker, experiment))
    report.summary(console, tally, time.monotonic() - began, context.data_root)
    report.where_to_look(console, tally, session, experiment)
    return 0 if tally.complete else 1


def _plan(
    specs: Sequence[TrialSpec],
    finished: Sequence[FinishedRun],
    options: GridOptions,
    context: TrialContext,
) -> Plan:
    known = {run.dataset for run in finished}
    digests = _digests((spec for spec in specs if spec.dataset in known), context)
    return make_plan(specs, finished, Current(code_version(), digests, *options.choices))


def _digests(specs: Iterable[TrialSpec], context: TrialContext) -> dict[str, str]:
    """Content of the user's own data, which can change under its name; the registered datasets
    are what their loaders say, and these belong to the code."""
    found: dict[str, str] = {}
    for spec in specs:
        if spec.dataset not in DATASETS and spec.dataset not in found:
            found[spec.dataset] = load_dataset(spec, context).identity.digest
    return found


def _runnable(
    preflight: Preflight, options: GridOptions, context: TrialContext, console: Console
) -> list[TrialSpec]:
    """The trials that are to run, with what they need at hand."""
    if not preflight.lacking:
        return preflight.ready
    if options.missing == "fetch":
        fetch(preflight.lacking, context, console.print)
        return [*preflight.ready, *preflight.lacking]
    if options.missing == "skip" and preflight.ready:
        console.print(preflight.message(), markup=False)
        return preflight.ready
    raise UserError(
        f"{preflight.message()}\n"
        "put the files there; or --missing fetch downloads them, --missing skip runs the others"
    )
