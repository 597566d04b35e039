"""``python -m experiments.grid``: run the trials of a grid that are not finished yet."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console

from common.cli import parse, run
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
from experiments.grid.definition import load_grid, only
from experiments.grid.estimate import Estimates
from experiments.grid.fetch import fetch
from experiments.grid.inventory import DataKey, Surveyed, data_key, rehearse, survey
from experiments.grid.plan import Current, make_plan
from experiments.grid.preflight import Preflight, look
from experiments.grid.runner import Campaign
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.provenance import code_version
from experiments.tracking.session import open_session, read_finished
from experiments.tracking.store import check_answers
from experiments.tracking.uri import absolute
from experiments.training.context import TrialContext
from experiments.trial.spec import TrialSpec

PROGRAM = "python -m experiments.grid"
DESCRIPTION = "Run the trials of a grid; those that are finished are not run again."


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if every trial is finished, 1 if not, 2 for bad input."""
    with own_scratch():
        return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    around = EnclosingRun.from_environment()
    options = parse(GridOptions, PROGRAM, DESCRIPTION, argv)
    around.check(options.tracking_uri)
    console = Console(highlight=False, soft_wrap=True)
    context = options.context()
    grid = load_grid(options.grid, context.data_root)
    specs = only(grid.specs, parse_conditions(options.only))
    check_answers(absolute(options.uri))
    pool = Pool(options.cpus, options.ray_address, options.attempts)
    check_pool(pool)
    preflight = look(specs, context)
    experiment = options.experiment or around.default_experiment()
    finished = read_finished(options.uri, experiment)
    if options.dry_run:
        plan = make_plan(specs, finished, _current(options, {}))
        slots = pool.slots(context.threads)
        console.print(f"{grid.title}\n{grid.description}\n", markup=False)
        report.dry_run(console, plan, preflight, Estimates(finished), slots)
        return 0
    specs = _runnable(preflight, options, context, console)
    data = _looked_at(specs, {run.spec_hash for run in finished}, context)
    session = open_session(options.uri, experiment, {schema.GRID: grid.name})
    plan = make_plan(specs, session.finished, _current(options, data))
    report.header(console, grid, plan, session)
    campaign = Campaign(
        grid,
        specs,
        plan,
        Job(session.tracker, context, options.time_limit),
        pool,
        session,
        Estimates(session.finished, data),
        publish,
    )
    began = time.monotonic()
    tally = campaign.run(console, around.adopted(session.tracker, experiment))
    report.summary(console, tally, time.monotonic() - began, context.data_root)
    report.where_to_look(console, tally, session, experiment)
    return 0 if tally.complete else 1


def _current(options: GridOptions, data: dict[DataKey, Surveyed]) -> Current:
    digests = {key: surveyed.digest for key, surveyed in data.items()}
    return Current(code_version(), digests, options.changed_code, options.changed_data)


def _looked_at(
    specs: Sequence[TrialSpec], finished: set[str], context: TrialContext
) -> dict[DataKey, Surveyed]:
    """The datasets that are needed, and the user's own, which may have changed under their
    names; of these it is also tried whether the glitches can be injected."""
    own = [spec for spec in specs if spec.dataset not in DATASETS]
    to_run = [spec for spec in specs if spec.spec_hash not in finished]
    found = survey([*own, *to_run], context)
    kinds = {(data_key(spec), spec.glitch, spec.ratio, spec.subset): spec for spec in own}
    for spec in kinds.values():
        rehearse(spec, context)
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
    skip = ", --missing skip runs the others" if preflight.ready else ""
    raise UserError(
        f"{preflight.message()}\nput the files there; or --missing fetch downloads them{skip}"
    )
